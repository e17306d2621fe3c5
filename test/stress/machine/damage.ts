// Stores that a disk has damaged, and stores of other versions: each is refused by name or read right, and none is changed.
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PuntError } from "../../../lib/errors.js";
import { FileStore } from "../../../lib/punt/index.js";
import type { Place } from "./place.js";
import type { Trouble } from "./troubles.js";

/** A daemon's store with punts, while no daemon runs. */
async function storeOf(place: Place): Promise<string> {
  await place.startDaemon();
  for (let i = 0; i < 3; i++) await place.operate(5);
  await place.killDaemon();
  return join(place.state, "punts.json");
}

/** Loads the damaged bytes. @throws an Error if they pass for another state, or if the load changes them */
async function expectRefused(path: string, good: string, bytes: Buffer, what: string): Promise<string> {
  writeFileSync(path, bytes);
  const loaded = await new FileStore(path).load().catch((error: unknown) => error);
  if (!readFileSync(path).equals(bytes)) throw new Error(`${what}: the load has changed the file`);
  if (!(loaded instanceof Error)) {
    if (JSON.stringify(loaded) === good) return "read right";
    throw new Error(`${what}: it passes for another state`);
  }
  if (!(loaded instanceof PuntError)) throw new Error(`${what}: ${loaded.stack}`);
  if (!["ERR_STORE_DAMAGED", "ERR_STORE_VERSION"].includes(loaded.code) || !loaded.message.includes(path))
    throw new Error(`${what}: ${loaded.message}`);
  return loaded.code;
}

/** Every byte: the file ends before it, it has one bit flipped, it is zero. */
const damagedAtAnyByte: Trouble = async ({ place, random }) => {
  const path = await storeOf(place);
  const whole = readFileSync(path);
  const good = JSON.stringify(await new FileStore(path).load());
  const copy = join(place.directory, "damaged.json");
  const results = new Map<string, number>();
  const take = async (bytes: Buffer, what: string) => {
    const result = await expectRefused(copy, good, bytes, what);
    results.set(result, (results.get(result) ?? 0) + 1);
  };
  for (let at = 0; at < whole.length; at++) {
    await take(whole.subarray(0, at), `cut at byte ${at}`);
    for (const change of [1 << Math.floor(random() * 8), whole[at]!]) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= change;
      if (change !== 0) await take(bytes, `byte ${at} xor ${change}`);
    }
  }
  rmSync(copy);
  await place.startDaemon();
  return [...results].map(([result, number]) => `${number} ${result}`).join(", ");
};

/** Starts a daemon that must refuse the store. @throws an Error unless it ends, says the code, and leaves the file */
async function expectNoStart(place: Place, path: string, code: string): Promise<void> {
  const before = readFileSync(path);
  let text = "";
  const started = await place
    .startDaemon({
      onError: (more) => {
        text += more;
      },
    })
    .then(() => true)
    .catch(() => false);
  if (started) throw new Error(`the daemon started with a store that is ${code}`);
  if (!text.includes(code)) throw new Error(`the daemon does not say ${code}: ${text}`);
  if (!readFileSync(path).equals(before)) throw new Error(`the daemon changed a store that is ${code}`);
}

const refusedAtStart: Trouble = async ({ place }) => {
  const path = await storeOf(place);
  const kept = `${path}.kept`;
  copyFileSync(path, kept);
  const whole = readFileSync(path);
  const [head, body] = whole.toString().split("\n");
  const stores: [string, string][] = [
    [whole.subarray(0, whole.length / 2).toString(), "ERR_STORE_DAMAGED"],
    ["", "ERR_STORE_DAMAGED"],
    [`${JSON.stringify({ ...JSON.parse(head!), version: 99 })}\n${body}\n`, "ERR_STORE_VERSION"],
  ];
  for (const [text, code] of stores) {
    writeFileSync(path, text);
    await expectNoStart(place, path, code);
  }
  copyFileSync(kept, path);
  rmSync(kept);
  await place.startDaemon();
  return `${stores.length} stores refused`;
};

/** The store of a version 1, which had no notes: the punts stay, and the next save is of this version. */
const olderVersion: Trouble = async ({ place }) => {
  const path = await storeOf(place);
  const [, body] = readFileSync(path, "utf8").split("\n");
  const { notes: _, ...state } = JSON.parse(body!) as Record<string, unknown>;
  const older = JSON.stringify(state);
  const sha256 = createHash("sha256").update(older).digest("hex");
  writeFileSync(path, `${JSON.stringify({ format: "vpp-punt", version: 1, sha256 })}\n${older}\n`);
  await place.startDaemon();
  const answers = await place.operate(5);
  const [head] = readFileSync(path, "utf8").split("\n");
  if ((JSON.parse(head!) as { version: number }).version !== 2) throw new Error(`the next save is ${head}`);
  return `${answers.length} changes after the upgrade`;
};

export const damages: Readonly<Record<string, Trouble>> = {
  "store damaged at any byte": damagedAtAnyByte,
  "store refused at the start": refusedAtStart,
  "store of an older version": olderVersion,
};
