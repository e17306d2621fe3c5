// Troubles of the machine that a daemon, its VPP and its operator live through: stopped processes, disks, descriptors, memory.

import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CnfRequest } from "../../../lib/module/index.js";
import { programPath } from "../../support/program.js";
import type { Answer, Place } from "./place.js";
import { Shortage } from "./shortage.js";

export interface Work {
  readonly place: Place;
  /** Milliseconds that a process is stopped for. */
  readonly stop: number;
  readonly random: () => number;
}

/** Strikes a place whose daemon does not run yet. Returns what was done, for the reader. @throws an Error if something does not hold */
export type Trouble = (work: Work) => Promise<string>;

const cnf = programPath("test/support/daemon/cnf-process.js");

function count(answers: readonly Answer[]): string {
  const refused = answers.filter(({ code }) => code !== "");
  const codes = [...new Set(refused.map(({ code }) => code))].sort();
  return `${answers.length - refused.length} changes made, ${refused.length} refused${codes.length > 0 ? ` (${codes.join(", ")})` : ""}`;
}

/** @throws an Error unless at least one change was refused with one of the codes, and a message that begins with its operation. */
function expectRefusals(answers: readonly Answer[], codes: readonly string[]): void {
  const found = answers.filter(({ code }) => codes.includes(code));
  if (found.length === 0) throw new Error(`no change was refused with ${codes.join(" or ")}: ${count(answers)}`);
  for (const { message } of found) if (!/^[a-z-]+\.[a-z-]+: ./.test(message)) throw new Error(`unclear: ${message}`);
}

async function stopped<T>(process: Pick<ChildProcess, "pid">, ms: number, during: () => Promise<T>): Promise<T> {
  globalThis.process.kill(process.pid!, "SIGSTOP");
  try {
    const work = during();
    await sleep(ms);
    globalThis.process.kill(process.pid!, "SIGCONT");
    return await work;
  } catch (error) {
    globalThis.process.kill(process.pid!, "SIGCONT");
    throw error;
  }
}

const vppStopped: Trouble = async ({ place, stop }) => {
  await place.startDaemon();
  const before = await place.operate(4);
  const answers = await stopped({ pid: place.vpp.pid }, stop, () => place.operate(5));
  return count([...before, ...answers]);
};

const daemonStopped: Trouble = async ({ place, stop }) => {
  await place.startDaemon();
  const before = await place.operate(4);
  const answers = await stopped(place.daemon, stop, () => place.operate(5));
  return count([...before, ...answers]);
};

/** A CNF that is stopped holds up no other caller, and has its punt afterwards. */
const cnfStopped: Trouble = async ({ place, stop }) => {
  await place.startDaemon();
  const request: CnfRequest = { cnf: "stopped", udp: 4242 };
  const job = { request, name: "stopped", options: { socket: place.socket, lifetime: "session", grace: 200 } };
  const child = fork(cnf, [JSON.stringify(job)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  try {
    await once(child, "message");
    const answers = await stopped(child, stop, async () => {
      const first = await place.operate(4);
      return [...first, ...(await place.operate(4))];
    });
    const found = (await place.punts.list({ cnf: "stopped" })).map(({ state }) => state);
    if (found.length !== 1) throw new Error(`the stopped CNF has ${found.length} punts`);
    return count(answers);
  } finally {
    child.kill("SIGKILL");
    while ((await place.punts.list({ cnf: "stopped" })).length > 0) await sleep(20);
  }
};

/** Changes on a disk that refuses them: none is made by half, and the next ones after it succeed. */
function disk(error: "ENOSPC" | "EROFS" | "EIO"): Trouble {
  return async ({ place }) => {
    const shortage = new Shortage(join(place.directory, "shortage"), place.state);
    await place.startDaemon({ env: shortage.env });
    const before = await place.operate(5);
    shortage.set({ disk: error });
    const during = [...(await place.operate(5)), ...(await place.operate(5))];
    expectRefusals(during, [error]);
    shortage.set({});
    const after = await place.operate(5);
    const left = after.find(({ code }) => code === error);
    if (left) throw new Error(`the disk takes changes again, and one was refused: ${left.message}`);
    return count([...before, ...during, ...after]);
  };
}

const diskSlow: Trouble = async ({ place }) => {
  const shortage = new Shortage(join(place.directory, "shortage"), place.state);
  await place.startDaemon({ env: shortage.env });
  shortage.set({ delay: 100 });
  const answers = [...(await place.operate(5)), ...(await place.operate(5))];
  return count(answers);
};

/** The daemon is killed in the middle of slow writes, many times. */
const diskSlowAndKilled: Trouble = async ({ place, random }) => {
  const shortage = new Shortage(join(place.directory, "shortage"), place.state);
  const answers: Answer[] = [];
  for (let round = 0; round < 6; round++) {
    shortage.set({});
    await place.startDaemon({ env: shortage.env });
    shortage.set({ delay: 20 });
    const work = place.operate(5);
    await sleep(random() * 300);
    await place.killDaemon();
    answers.push(...(await work));
  }
  await place.startDaemon();
  return `killed 6 times, ${count(answers)}`;
};

/** Returns the lowest number that no descriptor of a process has. */
function lowestFree(pid: number): number {
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (taken.has(free)) free++;
  return free;
}

/** Connections take all descriptors of the daemon. */
const noDescriptors: Trouble = async ({ place }) => {
  await place.startDaemon();
  const before = await place.operate(5);
  const { pid } = place.daemon;
  const limit = (count: number) => execFileSync("prlimit", ["--pid", `${pid}`, `--nofile=${count}:80`]);
  limit(80);
  const idle = Array.from({ length: 120 }, () => connect(place.socket).on("error", () => {}));
  // The daemon takes its time on a busy machine. Node keeps one descriptor, with which it takes and closes connections.
  for (const end = Date.now() + 10_000; readdirSync(`/proc/${pid}/fd`).length < 79; await sleep(20))
    if (Date.now() > end) throw new Error("the daemon has descriptors left after 10 s");
  const during: Answer[] = [];
  // A connection that gets no second descriptor is ended, which may leave one free, also during the changes: that one goes too.
  for (let last = 81, free = lowestFree(pid!); free < last; last = free, free = lowestFree(pid!)) {
    limit(free);
    during.push(...(await place.operate(9)));
  }
  expectRefusals(during, ["EMFILE"]);
  for (const socket of idle) socket.destroy();
  limit(80);
  while ((await place.operate(3)).some(({ code }) => code === "EMFILE")) await sleep(50);
  return count([...before, ...during]);
};

/** The daemon has so little address space that it may not start, or end at any moment. */
const littleAddressSpace: Trouble = async ({ place }) => {
  const answers: Answer[] = [];
  const results: string[] = [];
  for (const megabytes of [400, 700, 1100, 1600, 2400, 4000]) {
    const errors: string[] = [];
    const command = ["prlimit", `--as=${megabytes * 1e6}`];
    const started = await place
      .startDaemon({ command, onError: (text) => errors.push(text) })
      .then(() => true)
      .catch(() => false);
    if (started) answers.push(...(await place.operate(5)));
    else if (errors.length === 0) throw new Error(`with ${megabytes} MB, the daemon ends and says nothing`);
    results.push(`${megabytes} MB: ${started ? "serves" : "ends with a message"}`);
    await place.killDaemon();
  }
  await place.startDaemon();
  return `${results.join(", ")}; ${count(answers)}`;
};

export const troubles: Readonly<Record<string, Trouble>> = {
  "VPP stopped": vppStopped,
  "daemon stopped": daemonStopped,
  "CNF stopped": cnfStopped,
  "disk full": disk("ENOSPC"),
  "disk read-only": disk("EROFS"),
  "disk with errors": disk("EIO"),
  "disk slow": diskSlow,
  "disk slow, daemon killed": diskSlowAndKilled,
  "no descriptors": noDescriptors,
  "little address space": littleAddressSpace,
};
