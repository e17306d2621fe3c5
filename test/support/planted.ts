// Symbolic links that another user has planted at paths which a program is about to write to.
import { lchownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";

/** A user who is neither root nor this process's. */
const NOBODY = 65_534;
const TEXT = "the target of a link\n";

/** Makes links to a file. The links are another user's where this process may give files away. */
export class Planted {
  readonly #target: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#target = join(folder, "target-of-links");
    writeFileSync(this.#target, TEXT, { mode: 0o640 });
  }

  /** Makes a link at each path. */
  at(...paths: string[]): void {
    for (const path of paths) {
      symlinkSync(this.#target, path);
      if (process.getuid!() === 0) lchownSync(path, NOBODY, NOBODY);
    }
  }

  /** Asserts that the file has the content and the rights that it had. */
  assertUntouched(t: ExecutionContext, what: string): void {
    const { mode, uid } = statSync(this.#target);
    t.deepEqual([readFileSync(this.#target, "utf8"), mode & 0o777, uid], [TEXT, 0o640, process.getuid!()], what);
  }
}
