// CNFs that are stopped: when their sockets are blocked, and when they get packets again. Each look is the test's own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { isStopped } from "../../lib/daemon/attach/process-state.js";
import { type CnfSocket, StoppedCnfs } from "../../lib/daemon/attach/stopped.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { socketFolder, startVpp } from "../support/punt-socket/peer.js";

const descriptors = fileURLToPath(new URL("../../lib/descriptor/index.js", import.meta.url));
const RUN = `
  const [library, vppPath, ...paths] = process.argv.slice(1);
  const { bindPuntSocket } = await import(library);
  globalThis.sockets = paths.map((path) => bindPuntSocket({ path, vppPath }));
  console.log("ready");
  setInterval(() => {}, 1_000);
`;

/** VPP's end, and a process that has the sockets of CNFs. */
async function startCnfs(t: ExecutionContext, names: readonly string[]) {
  const folder = socketFolder(t);
  const vppPath = join(folder, "vpp");
  const vpp = startVpp(t, vppPath);
  const paths = names.map((name) => join(folder, name));
  const child = spawn(process.execPath, ["--input-type=module", "-e", RUN, "--", descriptors, vppPath, ...paths]);
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const sockets = names.map((punt, index): CnfSocket => ({ punt, pid: child.pid!, path: paths[index]!, vppPath }));
  /** Sends packets of that length to a CNF. */
  const send = (index: number, count: number, length = 64) => {
    for (let i = 0; i < count; i++) t.is(vpp.punt(paths[index]!, Buffer.alloc(length)), undefined);
  };
  const error = (index: number) => vpp.punt(paths[index]!, Buffer.alloc(64));
  return { vpp, child, sockets, send, error };
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGSTOP");
  while (!isStopped(child.pid!)) await sleep(5);
}

async function goOn(child: ChildProcess): Promise<void> {
  child.kill("SIGCONT");
  while (isStopped(child.pid!)) await sleep(5);
}

/** Plays the opening of folders until the end of the test. */
function playFolders(t: ExecutionContext, open: (path: string, real: typeof fs.opendirSync) => unknown): void {
  const { opendirSync } = fs;
  const use = (by: unknown) => {
    Object.assign(fs, { opendirSync: by });
    syncBuiltinESMExports();
  };
  use((path: string) => open(path, opendirSync));
  t.teardown(() => use(opendirSync));
}

/** A watch over the sockets, which looks when the test says so. */
function watchOver(t: ExecutionContext, sockets: readonly CnfSocket[]) {
  const told: unknown[][] = [];
  const say = (level: string) => (fields: object, message: string) => void told.push([level, fields, message]);
  const cnfs = new StoppedCnfs({ info: say("info"), warn: say("warn"), error: say("error") });
  let look = () => {};
  let timers = 0;
  const watch = (socket: CnfSocket) => {
    const real = globalThis.setInterval;
    globalThis.setInterval = ((run: () => void) => {
      timers++;
      look = run;
      return real(() => {}, 3_600_000);
    }) as never;
    try {
      cnfs.watch(socket);
    } finally {
      globalThis.setInterval = real;
    }
  };
  for (const socket of sockets) watch(socket);
  t.is(timers, 1);
  t.teardown(() => cnfs.close());
  const looks = (count: number) => {
    for (let i = 0; i < count; i++) look();
  };
  return { cnfs, watch, looks, told };
}

const DNS = { af: "IPV4", protocol: "UDP", port: 53 } as const;
const dropped = (punt: string) => `the CNF of ${punt} is stopped: its packets are dropped until it goes on`;

test.serial(
  "a stopped CNF with a long queue is blocked at the twelfth look, and gets packets when it goes on",
  async (t) => {
    const { child, sockets, send, error } = await startCnfs(t, ["dns"]);
    const { looks, told } = watchOver(t, sockets);
    send(0, 50);
    looks(20);
    t.deepEqual(told, [], "it runs");
    await stop(child);
    looks(11);
    t.deepEqual(told, []);
    t.is(error(0), undefined);
    looks(1);
    t.deepEqual(told, [["warn", { punt: "dns", discarded: 51 }, dropped("dns")]]);
    t.is(error(0), "EPERM");
    looks(20);
    t.is(told.length, 1);
    await goOn(child);
    looks(1);
    t.deepEqual(told.slice(1), [["info", { punt: "dns" }, "the CNF of dns gets its packets again"]]);
    t.is(error(0), undefined);
    looks(20);
    t.is(told.length, 2);
    // The looks of an earlier stop do not count.
    await stop(child);
    send(0, 50);
    looks(11);
    t.is(told.length, 2);
    looks(1);
    t.is(told.length, 3);
  },
);

test.serial(
  "a CNF's descriptors are looked at a thousand at a time, and its socket is found once for each stop",
  async (t) => {
    const { child, sockets, send, error } = await startCnfs(t, ["dns"]);
    const { looks, told } = watchOver(t, sockets);
    let searches = 0;
    playFolders(t, (path, opendirSync) => {
      const real = opendirSync(path);
      if (path !== `/proc/${child.pid}/fd`) return real;
      searches++;
      let before = 2_500;
      return { readSync: () => (before-- > 0 ? { name: "none" } : real.readSync()), closeSync: () => real.closeSync() };
    });
    await stop(child);
    looks(14);
    t.deepEqual([searches, told.length], [1, 0]);
    send(0, 50);
    looks(1);
    t.is(error(0), "EPERM");
    await goOn(child);
    looks(1);
    await stop(child);
    looks(20);
    t.is(searches, 2, "an empty queue is looked at without another search");
  },
);

test.serial("queues count together, and a CNF without packets is not blocked", async (t) => {
  const { child, sockets, send, error } = await startCnfs(t, ["a", "b", "idle"]);
  await stop(child);
  const { cnfs, looks, told } = watchOver(t, sockets);
  // A packet takes 8 bytes more in the queue: 700 a packet and 2 a byte make 32,766, two less than a quarter of the buffer.
  send(0, 9, 1280);
  send(1, 1, 1283);
  looks(20);
  t.deepEqual(told, []);
  t.deepEqual([error(0), error(1)], [undefined, undefined]);
  looks(1);
  t.deepEqual(told, [
    ["warn", { punt: "a", discarded: 10 }, dropped("a")],
    ["warn", { punt: "b", discarded: 2 }, dropped("b")],
  ]);
  t.deepEqual([error(0), error(1), error(2)], ["EPERM", "EPERM", undefined]);
  cnfs.close();
  t.deepEqual([error(0), error(1)], [undefined, undefined]);
  t.deepEqual(
    told.slice(2).map(([level, fields]) => [level, fields]),
    [
      ["info", { punt: "a" }],
      ["info", { punt: "b" }],
    ],
  );
});

test.serial("a quarter of the buffer is too much", async (t) => {
  const { child, sockets, send } = await startCnfs(t, ["a"]);
  await stop(child);
  const { looks, told } = watchOver(t, sockets);
  send(0, 9, 1280);
  send(0, 1, 1284);
  looks(12);
  t.is(told.length, 1);
});

test.serial(
  "a socket that another one at its path replaces is unblocked, and so is that of a process that is gone",
  async (t) => {
    const { child, sockets, send, error } = await startCnfs(t, ["a", "b"]);
    await stop(child);
    const { watch, looks, told } = watchOver(t, sockets);
    send(0, 50);
    send(1, 50);
    looks(12);
    t.is(told.length, 2);
    watch({ ...sockets[0]!, punt: "next" });
    t.deepEqual(told.slice(2), [["info", { punt: "a" }, "the CNF of a gets its packets again"]]);
    t.is(error(0), undefined);
    child.kill("SIGKILL");
    await once(child, "exit");
    looks(1);
    t.deepEqual(told.slice(3), [["info", { punt: "b" }, "the CNF of b gets its packets again"]]);
    looks(20);
    t.is(told.length, 4);
  },
);

test.serial("a stopped CNF's socket whose file was removed is unblocked, and watched no more", async (t) => {
  const { child, sockets, send, vpp } = await startCnfs(t, ["a"]);
  await stop(child);
  const { looks, told } = watchOver(t, sockets);
  send(0, 50);
  looks(12);
  const path = sockets[0]!.path;
  fs.renameSync(path, `${path}.moved`);
  looks(20);
  t.is(vpp.punt(`${path}.moved`, Buffer.alloc(64)), undefined);
  t.deepEqual(told.slice(1), [["info", { punt: "a" }, "the CNF of a gets its packets again"]]);
});

test.serial("a process that has no such socket any more is left alone", async (t) => {
  const { child, sockets } = await startCnfs(t, ["a"]);
  const { sockets: others, send } = await startCnfs(t, ["b"]);
  await stop(child);
  send(0, 50);
  const { looks, told } = watchOver(t, [{ ...sockets[0]!, path: others[0]!.path }]);
  looks(20);
  t.deepEqual(told, []);
});

test.serial("there is one warning for each stop of a CNF whose socket the daemon may not take", async (t) => {
  const { child, sockets } = await startCnfs(t, ["a"]);
  const { looks, told } = watchOver(t, sockets);
  const denied = Object.assign(new Error("no"), { code: "EACCES" });
  playFolders(t, (path, opendirSync) => {
    if (path === `/proc/${child.pid}/fd`) throw denied;
    return opendirSync(path);
  });
  const message =
    "the CNF of a is stopped, and the daemon cannot empty its punt socket: its packets may take VPP's send buffer";
  const fields = { punt: "a", code: "EACCES", remedy: "give the daemon CAP_SYS_PTRACE" };
  for (const stops of [1, 2]) {
    await stop(child);
    looks(20);
    t.deepEqual(told, Array(stops).fill(["warn", fields, message]));
    await goOn(child);
    looks(1);
  }
});

test.serial(
  "a daemon looks at the process of a CNF whose socket it has handed over, unless the kernel names none, until it ends",
  async (t) => {
    const { connect, daemon } = await daemonTest(t);
    const { setInterval: real, clearInterval: clear } = globalThis;
    let looks = 0;
    const running = new Set<unknown>();
    const started = (run: () => void, ms: number) => {
      const timer = real(run, ms);
      if (ms === 250) running.add(timer);
      if (ms === 250) looks++;
      return timer;
    };
    const cleared = (timer: NodeJS.Timeout) => {
      running.delete(timer);
      clear(timer);
    };
    Object.assign(globalThis, { setInterval: started, clearInterval: cleared });
    t.teardown(() => Object.assign(globalThis, { setInterval: real, clearInterval: clear }));
    const counted: number[] = [];
    // Another namespace's process has no number here. One timer serves all CNFs.
    for (const pid of [0, process.pid, process.pid]) {
      const punts = await connect({ pid, uid: 0, gid: 0 });
      const { id } = await punts.add({ cnf: "dns", type: "PUNT_TO_SOCKET", toHost: DNS }, { waitFor: "CREATED" });
      for (const { descriptor } of await punts.handovers.ends(id, { have: {}, packets: false })) descriptor.close();
      counted.push(looks);
    }
    t.deepEqual([counted, running.size], [[0, 1, 1], 1]);
    await daemon.close();
    t.is(running.size, 0);
  },
);
