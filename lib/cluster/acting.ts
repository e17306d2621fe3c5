// The changes that the daemon that acts makes itself. They also reach the wishes in etcd that its manager has refused.
import {
  type AddOptions,
  type ApplyOptions,
  type ApplyResult,
  type DeleteOptions,
  type PuntId,
  type PuntIdInput,
  type PuntManager,
  type PuntRequestInput,
  type PuntSet,
  type PuntStatus,
  parseId,
} from "../punt/index.js";
import type { Mirror } from "./etcd/index.js";
import type { Changes } from "./forwarded.js";
import type { Keys } from "./keys.js";
import { idIn } from "./records.js";
import type { Wishes } from "./wishes.js";
import type { Writer } from "./writer.js";

export interface ActingOptions {
  readonly manager: PuntManager;
  readonly mirror: Mirror;
  readonly keys: Keys;
  readonly writer: Writer;
  readonly wishes: Wishes;
}

export class Acting implements Changes {
  readonly #options: ActingOptions;

  constructor(options: ActingOptions) {
    this.#options = options;
  }

  add(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus> {
    return this.#options.manager.add(request, options);
  }

  update(request: PuntRequestInput, options?: AddOptions): Promise<PuntStatus> {
    return this.#options.manager.update(request, options);
  }

  /** Deletes a punt, or a wish that was refused: without that, the wish would be granted once its conflict is over. */
  async delete(input: PuntIdInput, options?: DeleteOptions): Promise<void> {
    const { manager, wishes } = this.#options;
    const id = parseId(input, "punt.delete");
    if (manager.get(id) || !wishes.isRefused(id)) return manager.delete(id, options);
    await this.#drop([id]);
    if (manager.get(id)) await manager.delete(id, options);
  }

  /** Also ends the wishes of the CNF that were refused and are not in the set. */
  async apply(set: PuntSet, options: ApplyOptions = {}): Promise<ApplyResult> {
    const { manager, mirror, keys, wishes } = this.#options;
    const result = await manager.apply(set, options);
    if (options.keep || set.cnf === undefined) return result;
    const folder = keys.folder("wanted");
    const wished = mirror.below(keys.folder("wanted", set.cnf)).flatMap(({ key }) => idIn(key, folder) ?? []);
    const dropped = wished.filter((id) => wishes.isRefused(id) && !manager.get(id));
    await this.#drop(dropped);
    return { ...result, deleted: [...result.deleted, ...dropped] };
  }

  /** Ends wishes. The manager may be trying one of them again, so it is waited for. */
  async #drop(ids: readonly PuntId[]): Promise<void> {
    const { mirror, keys, writer, wishes } = this.#options;
    const entries = ids.flatMap((id) => mirror.get(keys.punt("wanted", id)) ?? []);
    if (entries.length === 0) return;
    await writer.write(
      entries.map(({ key }) => ({ key })),
      entries.map(({ key, modified }) => ({ key, modified })),
    );
    for (const { key } of entries) wishes.look(key);
    await wishes.taken();
  }
}
