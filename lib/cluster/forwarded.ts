// Changes that a daemon passes on to the daemon that acts: when they end, this daemon's own copy has them.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AddOptions,
  type ApplyOptions,
  type ApplyResult,
  type DeleteOptions,
  isMade,
  isSameRequest,
  type PuntId,
  type PuntIdInput,
  type PuntRequestInput,
  type PuntSet,
  type PuntStatus,
  type Punts,
  parseId,
} from "../punt/index.js";

/** The calls that change something. */
export type Changes = Pick<Punts, "add" | "update" | "delete" | "apply">;

/** How long the copy may take. After that the change stands, and the copy has it later. */
const LONGEST_MS = 5_000;
const LOOK_MS = 10;

export class Forwarded implements Changes {
  readonly #acting: Changes;
  readonly #known: (id: PuntId) => PuntStatus | undefined;

  /** `known`: what this daemon's copy has of a punt. */
  constructor(acting: Changes, known: (id: PuntId) => PuntStatus | undefined) {
    this.#acting = acting;
    this.#known = known;
  }

  async add(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus> {
    const status = await this.#acting.add(request, options);
    await this.#until(() => this.#has(status));
    return status;
  }

  async update(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus> {
    const status = await this.#acting.update(request, options);
    await this.#until(() => this.#has(status));
    return status;
  }

  async delete(input: PuntIdInput, options?: DeleteOptions): Promise<void> {
    const id = parseId(input, "punt.delete");
    await this.#acting.delete(id, options);
    await this.#until(() => this.#known(id) === undefined);
  }

  async apply(set: PuntSet, options?: ApplyOptions): Promise<ApplyResult> {
    const result = await this.#acting.apply(set, options);
    const { added, updated, deleted } = result;
    await this.#until(
      () =>
        [...added, ...updated].every((status) => this.#has(status)) &&
        deleted.every((id) => this.#known(id) === undefined),
    );
    return result;
  }

  /** Also waits until this daemon has seen in VPP what the daemon that acts has made, or why it is no more there. */
  #has({ id, request, state }: PuntStatus): boolean {
    const known = this.#known(id);
    if (!known || !isSameRequest(known.request, request)) return false;
    return !isMade(state) || isMade(known.state) || known.failure !== undefined;
  }

  async #until(isKnown: () => boolean): Promise<void> {
    for (const end = performance.now() + LONGEST_MS; !isKnown() && performance.now() < end; ) await sleep(LOOK_MS);
  }
}
