// The configuration items of all CNFs: from the file, and set over gRPC. The latter are kept over restarts.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { CallOrder } from "../../call-order.js";
import { StateFile, type StateForm } from "../../files/index.js";
import { lazily, zod } from "../../lazily.js";
import type { PuntId } from "../../punt/index.js";
import { type Item, ItemSchema } from "../gen/ligato/generic/manager_pb.js";
import { isKeyOf, type Model } from "../model.js";
import { ConfigItem } from "./item.js";
import type { Surroundings } from "./surroundings.js";

/** The file of the items that were set over gRPC: by their keys, each in base64. */
const ITEMS: StateForm<Record<string, string>> = {
  op: "stonework.orchestrator",
  format: "vpp-punt items of StoneWork",
  shape: lazily(() => zod().record(zod().string(), zod().base64())),
  remedy: "remove it to start without items, and set them again",
};

interface Held {
  readonly item: ConfigItem;
  /** Whether it stands in the file, which can take it back. */
  isOfFile: boolean;
}

export class Items {
  readonly #held = new Map<string, Held>();
  readonly #around: Surroundings;
  readonly #file: StateFile<Record<string, string>>;
  /** Each change is saved with those before it. */
  readonly #order = new CallOrder();

  constructor(around: Surroundings, path: string | undefined) {
    this.#around = around;
    this.#file = new StateFile(path, ITEMS);
  }

  get all(): readonly ConfigItem[] {
    return [...this.#held.values()].map(({ item }) => item);
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }

  /** Looks again at the item of a punt. */
  lookAt({ key }: PuntId): void {
    this.#held.get(key)?.item.look();
  }

  /** @throws PuntError ERR_STORE_DAMAGED, ERR_STORE_VERSION: of the file; an errno name */
  async load(): Promise<void> {
    const saved = Object.entries((await this.#file.load()) ?? {});
    const items = saved.map(([key, text]): [string, Item] => [key, this.#itemIn(key, text)]);
    for (const [key, item] of items) this.#put(key, item, false);
  }

  /** @throws PuntError ERR_STORE_DAMAGED */
  #itemIn(key: string, text: string): Item {
    try {
      return fromBinary(ItemSchema, Buffer.from(text, "base64"));
    } catch (cause) {
      throw this.#file.damaged(`${key}: it is not a configuration item`, cause);
    }
  }

  /**
   * Sets an item, or deletes it if it has no data, once the file has the change. Returns it; undefined if there is none to delete.
   *
   * @throws an error of the file: everything stays as it was
   */
  set(key: string, item: Item): Promise<ConfigItem | undefined> {
    const isGone = item.data === undefined;
    return this.#order.after(["items"], async () => {
      await this.#save(key, isGone ? undefined : item);
      return isGone ? this.#delete(key) : this.#put(key, item, false);
    });
  }

  /** The items of a model as the file has them. */
  replaceThoseOfFile(model: Model, items: ReadonlyMap<string, Item>): void {
    for (const [key, { isOfFile }] of this.#held)
      if (isOfFile && isKeyOf(model, key) && !items.has(key)) this.#delete(key);
    for (const [key, item] of items) {
      const known = this.#held.get(key)?.item;
      if (known?.isDeleted || !isSame(known?.item, item)) this.#put(key, item, true);
    }
  }

  close(): void {
    for (const item of this.all) item.close();
  }

  #put(key: string, item: Item, isOfFile: boolean): ConfigItem {
    const known = this.#held.get(key);
    const held = known ?? { item: new ConfigItem(key, item, this.#around), isOfFile };
    held.isOfFile = isOfFile;
    this.#held.set(key, held);
    if (known) known.item.set(item);
    else held.item.ask();
    return held.item;
  }

  #delete(key: string): ConfigItem | undefined {
    const item = this.#held.get(key)?.item;
    if (item === undefined) return undefined;
    item.delete();
    return item;
  }

  /** The item is deleted, and its CNF knows. */
  forget(key: string): void {
    if (this.#held.get(key)?.item.isDeleted) this.#held.delete(key);
  }

  /** Saves the items with a change of one; undefined: it is deleted. */
  #save(changed: string, to: Item | undefined): Promise<void> {
    const kept = [...this.#held].filter(([, { item, isOfFile }]) => !isOfFile && !item.isDeleted);
    const items = new Map(kept.map(([key, { item }]) => [key, item.item]));
    if (to === undefined) items.delete(changed);
    else items.set(changed, to);
    const text = (item: Item) => Buffer.from(toBinary(ItemSchema, item)).toString("base64");
    return this.#file.save(Object.fromEntries([...items].map(([key, item]) => [key, text(item)])));
  }
}

function isSame(one: Item | undefined, other: Item): boolean {
  return one !== undefined && Buffer.compare(toBinary(ItemSchema, one), toBinary(ItemSchema, other)) === 0;
}
