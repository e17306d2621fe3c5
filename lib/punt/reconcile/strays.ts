// Namespaces without a punt, in which an earlier manager may have left objects. They are read once, after the start.
import type { Host } from "../../host/index.js";
import type { KnownNamespace } from "../interconnect/index.js";

interface Stray {
  readonly path: string;
  readonly identity: string;
}

/** First number of a stray. Namespaces of punts do not reach it. */
const FIRST_ID = 1_000_000;

export class Strays {
  readonly #host: Host;
  #found: readonly Stray[] | undefined;
  #done = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Finds the strays, at the first call. */
  async look(): Promise<void> {
    if (this.#done || this.#found) return;
    const paths = await this.#host.namedNamespaces();
    const found = await Promise.all(paths.map(async (path) => ({ path, identity: await this.#host.identify(path) })));
    this.#found = found.filter((stray): stray is Stray => stray.identity !== undefined);
  }

  /** Called after a pass, with the numbers of the namespaces that could not be read, or have an object that is still to be removed. */
  finish(unclean: Iterable<number>): void {
    if ([...unclean].some((id) => id >= FIRST_ID)) return;
    this.#done = true;
    this.#found = undefined;
  }

  /** Returns paths by number: the known namespaces, and strays that are not among them. */
  pathsWith(known: readonly KnownNamespace[]): Map<number, string> {
    const paths = new Map(known.map(({ id, path }) => [id, path]));
    const seen = new Set(known.flatMap(({ path, identity }) => [`path ${path}`, `identity ${identity}`]));
    const same = ({ path, identity }: Stray) => seen.has(`path ${path}`) || seen.has(`identity ${identity}`);
    for (const [index, stray] of (this.#found ?? []).entries())
      if (!same(stray)) paths.set(FIRST_ID + index, stray.path);
    return paths;
  }
}
