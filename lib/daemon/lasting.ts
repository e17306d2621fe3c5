// Changes that come by way of etcd: no session goes through it, so that its punts stay for good.
import { CallOrder, type InOrder } from "../call-order.js";
import type { Changes } from "../cluster/index.js";
import {
  type AddOptions,
  type ApplyOptions,
  type ApplyResult,
  type DeleteOptions,
  type PuntIdInput,
  type PuntRequest,
  type PuntRequestInput,
  type PuntSet,
  type PuntStatus,
  type Punts,
  parseId,
  parseRequest,
  parseSet,
} from "../punt/index.js";
import { bound } from "./service/index.js";
import type { Sessions } from "./sessions.js";

/** Makes changes as for a caller without a session: punts leave the sessions that they are in. */
export class LastingChanges implements Changes {
  readonly #changes: Changes;
  readonly #punts: () => Punts;
  readonly #sessions: () => Promise<Sessions>;
  readonly #order = new CallOrder();

  /** `sessions`: those of this daemon, once it has taken them up. */
  constructor(changes: Changes, punts: () => Punts, sessions: () => Promise<Sessions>) {
    this.#changes = changes;
    this.#punts = punts;
    this.#sessions = sessions;
  }

  async add(input: PuntRequestInput, options?: AddOptions): Promise<PuntStatus> {
    const request = parseRequest(input);
    return this.#order.during([request.cnf], (inOrder) =>
      this.#bound("punt.add", [request], inOrder, () => this.#changes.add(input, options)),
    );
  }

  /** Leaves the punt in its session. */
  async update(input: PuntRequestInput, options?: AddOptions): Promise<PuntStatus> {
    const { cnf } = parseRequest(input, "request", "punt.update");
    return this.#order.during([cnf], (inOrder) => inOrder(() => this.#changes.update(input, options)));
  }

  async delete(input: PuntIdInput, options?: DeleteOptions): Promise<void> {
    const id = parseId(input, "punt.delete");
    await this.#order.during([id.cnf], async (inOrder) => {
      const sessions = await this.#sessions();
      await sessions.deleting(id, () => inOrder(() => this.#changes.delete(input, options)));
    });
  }

  async apply(set: PuntSet, options: ApplyOptions = {}): Promise<ApplyResult> {
    const { requests, cnfs } = parseSet(set, options.keep ?? false);
    return this.#order.during(cnfs, async (inOrder) => {
      const sessions = await this.#sessions();
      const { moment } = sessions;
      const result = await this.#bound("punt.apply", requests, inOrder, () => this.#changes.apply(set, options));
      for (const id of result.deleted) sessions.unbind(id, moment);
      return result;
    });
  }

  async #bound<T>(
    op: string,
    requests: readonly PuntRequest[],
    inOrder: InOrder,
    change: () => Promise<T>,
  ): Promise<T> {
    const parts = { punts: this.#punts(), sessions: await this.#sessions() };
    return bound(parts, { op, host: undefined }, requests, "", () => inOrder(change));
  }
}
