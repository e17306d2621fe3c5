// The file of a socket: stale ones are replaced, and no two owners share one path.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { PuntSocket } from "../../lib/punt-socket/index.js";
import { preloaded } from "../support/machine/preload.js";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const libraries = JSON.stringify(
  ["index.js", "sim/index.js", "daemon/doors/index.js"].map(
    (name) => new URL(`../../lib/${name}`, import.meta.url).href,
  ),
);

/** Programs that open a socket at a path, say whether it succeeded, and keep it until their standard input ends. */
const openers = {
  "a punt socket": `PuntSocket.open({ path, vppPath: null, onWarning: () => {}, ringBytes: 2 ** 21 })`,
  "a memif server": `Memif.open({ role: "server", socket: path })`,
  "an embedded VPP": `await EmbeddedVpp.start({ apiSocket: path, puntSocket: false, statsSocket: false })`,
  "a daemon's socket": `await openUnixDoor({ path, mode: 0o660, handler: () => {} })`,
};

function openerOf(open: string, path: string): string {
  return `Promise.all(${libraries}.map((name) => import(name))).then(async (modules) => {
    const { PuntSocket, Memif, EmbeddedVpp, openUnixDoor } = Object.assign({}, ...modules);
    const path = ${JSON.stringify(path)};
    let end = () => {};
    try {
      const port = ${open};
      end = () => port.close();
      console.log("opened");
    } catch (error) {
      console.log(error.code);
    }
    process.stdin.on("end", end).resume();
  })`;
}

/** Starts a program with the library between it and the C library, in a role of that library's. */
function startOpener(t: ExecutionContext, program: string, role: string, stale: string) {
  const env = { ...process.env, ...preloaded("stale_path"), ROLE: role, STALE: stale, FOLDER: dirname(stale) };
  const child = spawn(process.execPath, ["-e", program], { env, stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  const answer = once(child.stdout, "data").then(([text]) => String(text).trim());
  return { child, answer };
}

for (const [what, open] of Object.entries(openers)) {
  need("cc-of-node").test(
    `${what}: of two processes that find one stale file at the same moment, one owns the path`,
    async (t) => {
      const path = join(socketFolder(t), "stale");
      const program = openerOf(open, path);
      // A process that is killed leaves its file behind.
      const dead = startOpener(t, program, "dead", path);
      t.is(await dead.answer, "opened");
      dead.child.kill("SIGKILL");
      await once(dead.child, "exit");
      t.true(existsSync(path));

      const first = startOpener(t, program, "first", path);
      await appears(join(dirname(path), "removing"));
      const second = startOpener(t, program, "second", path);
      const secondAnswer = await second.answer;
      closeSync(openSync(join(dirname(path), "second"), "w"));
      t.deepEqual([await first.answer, secondAnswer], ["opened", "EADDRINUSE"]);
      for (const { child } of [first, second]) child.stdin.end();
      await Promise.all([first, second].map(({ child }) => once(child, "exit")));
      t.false(existsSync(path));
    },
  );
}

async function appears(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("another kind of socket at the path is a living owner, and stays", async (t) => {
  const path = join(socketFolder(t), "stream");
  const server: Server = createServer().listen(path);
  t.teardown(() => server.close());
  await once(server, "listening");
  t.throws(() => PuntSocket.open({ path, vppPath: null }), { code: "EADDRINUSE" });
  t.true(existsSync(path));
});

test("paths that can't be bound are errors that name them, and leave nothing", (t) => {
  const folder = socketFolder(t);
  closeSync(openSync(join(folder, "file"), "w"));
  mkdirSync(join(folder, "folder"));
  const refused: [string, string][] = [
    [join(folder, "file"), "EEXIST"],
    [join(folder, "folder"), "EEXIST"],
    [join(folder, "none", "a"), "ENOENT"],
    [join(folder, "file", "a"), "ENOTDIR"],
  ];
  for (const [path, code] of refused) {
    const error = t.throws(() => PuntSocket.open({ path, vppPath: null, onWarning: () => {} }), { code });
    t.true(error!.message.includes(path), error!.message);
  }
});

/** A folder that another process keeps locked. */
async function lockedFolder(t: ExecutionContext): Promise<string> {
  const folder = socketFolder(t);
  const hold = ["--no-fork", folder, "sh", "-c", "echo locked; exec sleep 60"];
  const holder = spawn("flock", hold, { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => holder.kill());
  await once(holder.stdout!, "data");
  return folder;
}

need("flock", "cc-of-node").test(
  "a lock of the folder stops no socket, and a punt socket at a free path waits for none",
  async (t) => {
    const folder = await lockedFolder(t);
    const [free, stale] = [join(folder, "free"), join(folder, "stale")];
    const waits = () => existsSync(join(folder, "second"));
    const punt = startOpener(t, openerOf(openers["a punt socket"], free), "second", free);
    t.is(await punt.answer, "opened");
    t.false(waits());
    const dead = startOpener(t, openerOf(openers["a punt socket"], stale), "dead", stale);
    t.is(await dead.answer, "opened");
    dead.child.kill("SIGKILL");
    await once(dead.child, "exit");
    const next = startOpener(t, openerOf(openers["a punt socket"], stale), "second", stale);
    t.is(await next.answer, "opened");
    t.true(waits());
  },
);
