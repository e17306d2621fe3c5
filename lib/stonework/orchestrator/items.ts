// The configuration items of all CNFs: from the file, and set over gRPC. The latter are kept over restarts.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import type { PuntId } from "../../punt/index.js";
import { type Item, ItemSchema } from "../gen/ligato/generic/manager_pb.js";
import { JsonFile } from "../json-file.js";
import { ConfigItem } from "./item.js";
import type { Surroundings } from "./surroundings.js";

const OP = "stonework.orchestrator";

interface Held {
  readonly item: ConfigItem;
  /** Whether it stands in the file, which can take it back. */
  isOfFile: boolean;
}

export class Items {
  readonly #held = new Map<string, Held>();
  readonly #around: Surroundings;
  readonly #file: JsonFile;
  readonly #path: string | undefined;

  constructor(around: Surroundings, path: string | undefined) {
    this.#around = around;
    this.#path = path;
    this.#file = new JsonFile(path, OP);
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

  /** @throws PuntError ERR_FORMAT: the file is something else; an errno name */
  async load(): Promise<void> {
    const saved = (await this.#file.load()) ?? {};
    try {
      for (const [key, text] of Object.entries(saved as Record<string, string>))
        this.#put(key, fromBinary(ItemSchema, Buffer.from(text, "base64")), false);
    } catch (cause) {
      const text = `${this.#path} does not hold configuration items`;
      throw new PuntError(OP, "ERR_FORMAT", text, { path: this.#path }, cause);
    }
  }

  /** Sets an item, or deletes it if it has no data. Returns it; undefined if there is none to delete. */
  async set(key: string, item: Item): Promise<ConfigItem | undefined> {
    const held = item.data === undefined ? this.#delete(key) : this.#put(key, item, false);
    await this.#save();
    return held;
  }

  /** The items of a model as the file has them: `prefix` begins the model's keys. */
  replaceThoseOfFile(prefix: string, items: ReadonlyMap<string, Item>): void {
    for (const [key, { isOfFile }] of this.#held)
      if (isOfFile && key.startsWith(prefix) && !items.has(key)) this.#delete(key);
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

  #save(): Promise<void> {
    const kept = [...this.#held].filter(([, { item, isOfFile }]) => !isOfFile && !item.isDeleted);
    const text = ({ item }: ConfigItem) => Buffer.from(toBinary(ItemSchema, item)).toString("base64");
    return this.#file.save(Object.fromEntries(kept.map(([key, { item }]) => [key, text(item)])));
  }
}

function isSame(one: Item | undefined, other: Item): boolean {
  return one !== undefined && Buffer.compare(toBinary(ItemSchema, one), toBinary(ItemSchema, other)) === 0;
}
