// Descriptors and threads that run out at any call: a PuntError by the system's name, and nothing half open.
import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const lib = (file: string) => JSON.stringify(new URL(`../../lib/${file}`, import.meta.url).href);

/** Every handle of the addon, opened and closed once. `path()` is a new path in the test's folder. */
const OPENERS = `
  const { native } = await import(${lib("native.js")});
  const { PuntSocket, PuntInjector } = await import(${lib("punt-socket/index.js")});
  const { PcapWriter } = await import(${lib("packet/index.js")});
  const { createServer } = await import("node:net");
  const { once } = await import("node:events");
  const fs = await import("node:fs");
  const folder = process.argv[1];
  let files = 0;
  const path = () => folder + "/" + files++;
  const onWarning = () => {};
  const api = createServer(() => {}).listen(folder + "/api");
  await once(api, "listening");
  const openers = {
    "punt socket": () => PuntSocket.open({ path: path(), vppPath: null, onWarning, ringBytes: 2 ** 21 }).close(),
    injector: () => PuntInjector.open({ vppPath: folder + "/none", knownInterfaces: () => true }).close(),
    "frame port": () => new native.SimFramePort({ kind: "punt", name: path(), netns: "", sendBuffer: 65536 }).close(),
    "api socket": () => new native.ApiSocket(folder + "/api", () => {}).close(),
    capture: () => PcapWriter.open(path()).close(),
    stats: () => native.fetchStatsSegment(folder + "/none"),
  };
  /** The code of the error that an opener gives; undefined if it succeeds. */
  const attempt = async (open) => {
    try {
      await open();
      return undefined;
    } catch (error) {
      if (error.constructor.name !== "PuntError") throw error;
      return error.code;
    }
  };
  const openFiles = () => fs.readdirSync("/proc/self/fd").length;
`;

function run(t: ExecutionContext, command: readonly string[], body: string): unknown {
  const folder = socketFolder(t);
  chmodSync(folder, 0o777);
  const [program, ...args] = [
    ...command,
    process.execPath,
    "--input-type=module",
    "-e",
    `${OPENERS}${body}\nprocess.exit(0);`,
    folder,
  ];
  const { status, signal, stdout, stderr } = spawnSync(program!, args, { encoding: "utf8", timeout: 60_000 });
  t.deepEqual({ status, signal }, { status: 0, signal: null }, stderr);
  return JSON.parse(stdout);
}

need("no-thread-sanitizer").test("with zero to eleven descriptors left, an open succeeds or throws EMFILE", (t) => {
  const results = run(
    t,
    ["sh", "-c", 'ulimit -n 100; exec "$0" "$@"'],
    `
    for (const open of Object.values(openers)) await attempt(open);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const results = {};
    for (const [name, open] of Object.entries(openers)) {
      results[name] = [];
      for (let free = 0; free < 12; free++) {
        const taken = [];
        try {
          for (;;) taken.push(fs.openSync("/dev/null"));
        } catch {}
        for (const fd of taken.splice(0, free)) fs.closeSync(fd);
        results[name].push((await attempt(open)) ?? "");
        for (const fd of taken) fs.closeSync(fd);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = openFiles();
    for (let round = 0; round < 10; round++) for (const open of Object.values(openers)) await attempt(open);
    // The last ones may go a little later.
    while (openFiles() > before) await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(JSON.stringify({ results }));`,
  ) as { results: Record<string, string[]> };
  for (const [name, codes] of Object.entries(results.results)) {
    t.is(codes[0], "EMFILE", name);
    t.is(codes.at(-1), name === "stats" ? "ENOENT" : "", name);
    for (const code of codes) t.true(["EMFILE", "", "ENOENT"].includes(code), `${name}: ${code}`);
  }
});

const { test: withUsers } = need("root", "setpriv", "prlimit", "no-thread-sanitizer", "glibc", "no-emulation");

withUsers("without a thread left, a punt socket is EAGAIN, and its file is gone", (t) => {
  // The limit of threads does not hold for root.
  const result = run(
    t,
    ["setpriv", "--reuid=64123", "--regid=64123", "--clear-groups"],
    `
    const { execFileSync } = await import("node:child_process");
    const limit = (n) => execFileSync("prlimit", ["--pid", String(process.pid), "--nproc=" + n + ":"]);
    await attempt(openers.stats);
    const socket = folder + "/socket";
    const open = () => PuntSocket.open({ path: socket, vppPath: null, onWarning, ringBytes: 2 ** 21 });
    open().close();
    limit(1);
    const code = await attempt(open);
    console.log(JSON.stringify({ code, file: fs.existsSync(socket) }));`,
  );
  t.deepEqual(result, { code: "EAGAIN", file: false });
});
