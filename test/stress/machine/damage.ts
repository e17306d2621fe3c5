// Stores and sessions that a disk has damaged, and stores of other versions: each is refused by name or read right, and none is changed.
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sessionFile } from "../../../lib/daemon/session-memory.js";
import { PuntError } from "../../../lib/errors.js";
import { RemotePunts } from "../../../lib/module/remote/index.js";
import { FileStore } from "../../../lib/punt/index.js";
import { damagedAtEachByte } from "../../support/damage.js";
import { puntOf } from "../../support/punt/punts.js";
import type { Place } from "./place.js";
import type { Trouble } from "./troubles.js";

/** A daemon's store with punts, while no daemon runs. */
async function storeOf(place: Place): Promise<string> {
  await place.startDaemon();
  for (let i = 0; i < 3; i++) await place.operate(5);
  await place.killDaemon();
  return join(place.state, "punts.json");
}

type Load = (path: string) => Promise<unknown>;

const loadStore: Load = (path) => new FileStore(path).load();
const loadSessions: Load = (path) => sessionFile(path).load();

const ENDED_CNF = "ended";

/** A daemon's file of sessions, while no daemon runs. The program of its session has ended, too. */
async function sessionsOf(place: Place): Promise<string> {
  await place.startDaemon();
  await using program = new RemotePunts({ socket: place.socket, session: { cnf: ENDED_CNF, grace: 0 } });
  const folder = join(place.directory, "vpp/sockets");
  for (const subject of [7, 8]) {
    const where = { cnf: ENDED_CNF, interconnect: "MEMIF", subject, unique: subject, folder } as const;
    await program.add(puntOf("PUNT_TO_SOCKET", { ...where, key: `${subject}` }));
  }
  await place.killDaemon();
  return join(place.state, "sessions.json");
}

/** Loads the damaged bytes. @throws an Error if they pass for another state, or if the load changes them */
async function expectRefused(load: Load, path: string, good: string, bytes: Buffer, what: string): Promise<string> {
  writeFileSync(path, bytes);
  const loaded = await load(path).catch((error: unknown) => error);
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

/** Loads a file with damage at each of its bytes. Returns how many loads came to which end. */
async function damagedAtAnyByte(load: Load, path: string, copy: string, random: () => number): Promise<string> {
  const good = JSON.stringify(await load(path));
  const results = new Map<string, number>();
  for (const [what, bytes] of damagedAtEachByte(readFileSync(path), () => Math.floor(random() * 8))) {
    const result = await expectRefused(load, copy, good, bytes, what);
    results.set(result, (results.get(result) ?? 0) + 1);
  }
  rmSync(copy);
  return [...results].map(([result, number]) => `${number} ${result}`).join(", ");
}

const storeDamaged: Trouble = async ({ place, random }) => {
  const results = await damagedAtAnyByte(
    loadStore,
    await storeOf(place),
    join(place.directory, "damaged.json"),
    random,
  );
  await place.startDaemon();
  return results;
};

/** The daemon refuses damaged sessions, and with the whole ones deletes the punts of the program that has ended. */
const sessionsDamaged: Trouble = async ({ place, random }) => {
  const path = await sessionsOf(place);
  const results = await damagedAtAnyByte(loadSessions, path, join(place.directory, "damaged.json"), random);
  const whole = readFileSync(path);
  for (const text of ["", "{}", "[null]", whole.subarray(0, whole.length / 2)]) {
    writeFileSync(path, text);
    await expectNoStart(place, path, "ERR_STORE_DAMAGED");
  }
  writeFileSync(path, whole);
  await place.startDaemon();
  while ((await place.punts.list({ cnf: ENDED_CNF })).length > 0) await sleep(50);
  return results;
};

/** Starts a daemon that must refuse the file. @throws an Error unless it ends, says the code, and leaves the file */
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
  if (started) throw new Error(`the daemon started with a file that is ${code}`);
  if (!text.includes(code)) throw new Error(`the daemon does not say ${code}: ${text}`);
  if (!readFileSync(path).equals(before)) throw new Error(`the daemon changed a file that is ${code}`);
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
  "store damaged at any byte": storeDamaged,
  "sessions damaged at any byte": sessionsDamaged,
  "store refused at the start": refusedAtStart,
  "store of an older version": olderVersion,
};
