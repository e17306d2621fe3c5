// The file of the items that were set over gRPC: its content, and damage of every kind.
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import test, { type ExecutionContext } from "ava";
import { type Item, ItemSchema } from "../../lib/stonework/gen/ligato/generic/manager_pb.js";
import { Items } from "../../lib/stonework/orchestrator/items.js";
import { refusesDamage } from "../support/damage.js";
import { Planted } from "../support/planted.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const KEY = "config/mock1/v1/mock-type/89";
const item = create(ItemSchema, {
  id: { model: "mock1.mock-type", name: "89" },
  data: { union: { case: "any", value: { typeUrl: "a/b", value: new Uint8Array([1]) } } },
});

function itemsOf(t: ExecutionContext, path: string): Items {
  // No CNF is there: an item waits.
  const items = new Items({ cnf: () => undefined } as never, path);
  t.teardown(() => items.close());
  return items;
}

async function loaded(t: ExecutionContext, path: string): Promise<[string, string][]> {
  const items = itemsOf(t, path);
  await items.load();
  return items.all.map(({ key, item: each }) => [key, textOf(each)]);
}

const textOf = (each: Item) => Buffer.from(toBinary(ItemSchema, each)).toString("base64");

const pathOf = (t: ExecutionContext) => join(socketFolder(t), "stonework.json");

test("items are kept, also in the form of an earlier program, and links at their paths are not followed", async (t) => {
  const path = pathOf(t);
  const planted = new Planted(join(path, ".."));
  planted.at(path, `${path}.new`);
  await itemsOf(t, path).set(KEY, item);
  planted.assertUntouched(t, path);
  t.deepEqual(await loaded(t, path), [[KEY, textOf(item)]]);
  writeFileSync(path, JSON.stringify({ [KEY]: textOf(item) }));
  t.deepEqual(await loaded(t, path), [[KEY, textOf(item)]]);
});

test("a file of items that is damaged at any byte is refused by name", async (t) => {
  const path = pathOf(t);
  await itemsOf(t, path).set(KEY, item);
  const { size } = statSync(path);
  t.true((await refusesDamage(t, path, () => loaded(t, path))) >= 3 * size - 3);
});

test("items of every other shape are refused, with what is wrong", async (t) => {
  const path = pathOf(t);
  for (const [content, reason] of [
    ["", "it is not JSON"],
    ["5", "content: "],
    ["[null]", "content: "],
    [`{"${KEY}": 5}`, `${KEY}: `],
    [`{"${KEY}": "?"}`, `${KEY}: `],
    [`{"${KEY}": "AAAA"}`, `${KEY}: it is not a configuration item`],
  ] as const) {
    writeFileSync(path, content);
    const message = new RegExp(`stonework\\.json is damaged: ${reason}.*; the file was left alone: remove it`);
    await t.throwsAsync(loaded(t, path), { code: "ERR_STORE_DAMAGED", message });
    t.is(readFileSync(path, "utf8"), content);
  }
});

test("an item whose change cannot be saved stays as it was", async (t) => {
  const path = pathOf(t);
  const items = itemsOf(t, path);
  await items.set(KEY, item);
  // The folder of the new file is gone.
  rmSync(join(path, ".."), { recursive: true });
  writeFileSync(join(path, ".."), "");
  await t.throwsAsync(items.set("config/mock1/v1/mock-type/90", item));
  await t.throwsAsync(items.set(KEY, create(ItemSchema, { id: item.id! })));
  t.deepEqual(
    items.all.map(({ key, isDeleted }) => [key, isDeleted]),
    [[KEY, false]],
  );
});
