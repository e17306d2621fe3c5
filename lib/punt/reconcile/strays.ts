// Namespaces that no punt is in now, in which an earlier manager may have left something: looked into once, after the start.
import type { Host } from "../../host/index.js";
import type { KnownNamespace } from "../interconnect/index.js";

interface Stray {
  readonly path: string;
  readonly identity: string;
}

/** Numbers of strays begin here: no namespace of a punt gets so far. */
const FIRST_ID = 1_000_000;

export class Strays {
  readonly #host: Host;
  #found: readonly Stray[] | undefined;
  #done = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Finds them, the first time. */
  async look(): Promise<void> {
    if (this.#done || this.#found) return;
    const paths = await this.#host.namedNamespaces();
    const found = await Promise.all(paths.map(async (path) => ({ path, identity: await this.#host.identify(path) })));
    this.#found = found.filter((stray): stray is Stray => stray.identity !== undefined);
  }

  /** They have been cleaned. */
  forget(): void {
    this.#done = true;
    this.#found = undefined;
  }

  /** Paths by number: the known ones and, while there are any, strays that are none of those. */
  with(known: readonly KnownNamespace[]): Map<number, string> {
    const paths = new Map(known.map(({ id, path }) => [id, path]));
    const same = (stray: Stray) =>
      known.some(({ path, identity }) => path === stray.path || identity === stray.identity);
    for (const [index, stray] of (this.#found ?? []).entries())
      if (!same(stray)) paths.set(FIRST_ID + index, stray.path);
    return paths;
  }
}
