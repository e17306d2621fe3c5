// The ends that the daemon may hand over to a CNF: those of the CNF's own punts.
import type { PuntStatus } from "../../lib/punt/index.js";
import { MODULES } from "./module/request.js";
import type { OpenFile } from "./sockets/index.js";
import type { Party, World } from "./world/index.js";

export class Owned {
  readonly #list: () => readonly PuntStatus[];
  /** The ends that each CNF's punts have had, as the open files name themselves. */
  readonly #ends = new Map<string, Set<string>>();

  /** @param list returns the punts that daemons have now */
  constructor(world: World, list: () => readonly PuntStatus[]) {
    this.#list = list;
    world.sockets.passed = (files, to) => {
      try {
        this.#check(files, to);
      } catch (error) {
        world.schedule.fail(error);
      }
    };
  }

  /** Notes what a punt has. */
  note({ id, metadata }: PuntStatus): void {
    const known = this.#ends.get(id.cnf) ?? new Set<string>();
    this.#ends.set(id.cnf, known);
    for (const { attachment } of metadata.interconnects)
      if (attachment.kind === "memif") known.add(`memif control of ${attachment.socket}`);
      else if (attachment.kind === "tap") known.add(`packets of ${attachment.name}`);
      else known.add(`datagrams at ${attachment.path}`).add(`datagrams to ${attachment.vppPath}`);
  }

  /** @throws an Error if a program would get an end of another CNF's punt */
  #check(files: readonly OpenFile[], { name: cnf }: Party): void {
    if (!MODULES.includes(cnf)) return;
    for (const status of this.#list()) this.note(status);
    const foreign = files.map(({ text }) => text).find((text) => !this.#ends.get(cnf)?.has(text));
    if (foreign !== undefined) throw new Error(`${cnf} gets what is not its own: ${foreign}`);
  }
}
