// Socket files of a daemon that are removed while it runs: it listens there again, and CNFs go on.
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { attachPathOf } from "../../lib/daemon/cnf-sockets.js";
import { KeptDoors } from "../../lib/daemon/doors/index.js";
import { Daemon } from "../../lib/daemon/index.js";
import { PuntError } from "../../lib/errors.js";
import { openPunt } from "../../lib/module/index.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

const CNF = { cnf: "dns", udp: 53 } as const;

async function eventually(isIt: () => unknown): Promise<void> {
  while (!(await isIt())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "vpp-punt-removed-"));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const removals: Readonly<Record<string, (path: string) => void>> = {
  socket: (path) => unlinkSync(path),
  "socket for descriptors": (path) => unlinkSync(attachPathOf(path)),
  "sockets' folder": (path) => rmSync(dirname(path), { recursive: true }),
};

for (const [what, remove] of Object.entries(removals))
  test(`a daemon whose ${what} is removed is reachable again, and its CNF keeps its punt`, async (t) => {
    const path = join(folder(t), "dns", "manager.sock");
    await daemonTest(t, { sockets: [{ cnf: "dns", path, mode: 0o600 }] });
    const punt = await openPunt(CNF, { socket: path });
    t.teardown(() => punt.close());
    await punt.ready();
    remove(path);
    await eventually(() => existsSync(path) && existsSync(attachPathOf(path)));
    t.is(statSync(path).mode & 0o777, 0o600);
    const late = new RemotePunts({ socket: path });
    t.teardown(() => late.close());
    await eventually(async () => (await late.list().catch(() => [])).some(({ state }) => state === "CREATED"));
    const [{ id } = { id: undefined }] = await late.list();
    for (const { descriptor } of await late.handovers.ends(id!, { have: {}, packets: true })) descriptor.close();
    await eventually(() => punt.status.state === "ready");
  });

test("a daemon whose folder of punt sockets is removed makes it again for the next punt", async (t) => {
  const { socket, directory } = await daemonTest(t);
  rmSync(join(directory, "sockets"), { recursive: true });
  const punt = await openPunt(CNF, { socket });
  t.teardown(() => punt.close());
  t.is((await punt.ready()).state, "ready");
  t.is(statSync(join(directory, "sockets")).mode & 0o777, 0o751, "a CNF of any user looks whether its socket is there");
});

test("a socket that another process has in its place is left to that process, until it is gone", async (t) => {
  const path = join(folder(t), "s.sock");
  const opened: string[] = [];
  const listen = (at: string) => {
    const server = createServer();
    return new Promise<ReturnType<typeof createServer>>((resolve) => server.listen(at, () => resolve(server)));
  };
  const shut = (server: ReturnType<typeof createServer>) => new Promise<void>((done) => server.close(() => done()));
  const open = async () => {
    rmSync(path, { force: true });
    const server = await listen(path);
    return [{ path, close: () => shut(server) }];
  };
  const doors = await KeptDoors.open({ open, reopened: (paths) => void opened.push(...paths) });
  t.teardown(() => Promise.all(doors.map((door) => door.close())));
  const other = await listen(`${path}.other`);
  renameSync(`${path}.other`, path);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  t.deepEqual(opened, []);
  await shut(other);
  await eventually(() => opened.length > 0);
  t.deepEqual(opened, [path]);
});

test("doors that cannot be opened again say so once, and are tried again", async (t) => {
  const path = join(folder(t), "s.sock");
  const heard: unknown[] = [];
  let failures = 0;
  const open = async () => {
    if (failures-- > 0) throw new Error("no room");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return [{ path, close: () => new Promise<void>((done) => server.close(() => done())) }];
  };
  const reopened = (_: unknown, error?: unknown) => void heard.push(error === undefined ? "open" : String(error));
  const doors = await KeptDoors.open({ open, reopened });
  t.teardown(() => Promise.all(doors.map((door) => door.close())));
  for (const round of [1, 2]) {
    failures = 2;
    unlinkSync(path);
    await eventually(() => heard.length === 2 * round);
  }
  t.deepEqual(heard, ["Error: no room", "open", "Error: no room", "open"]);
});

test.serial("doors that are closed while they are looked at are not opened again", async (t) => {
  const path = join(folder(t), "s.sock");
  const { setInterval: set } = globalThis;
  let look = () => {};
  globalThis.setInterval = ((run: () => void) => {
    look = run;
    return { unref: () => undefined };
  }) as never;
  t.teardown(() => Object.assign(globalThis, { setInterval: set }));
  let opened = 0;
  const open = async () => {
    opened++;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return [{ path, close: () => new Promise<void>((done) => server.close(() => done())) }];
  };
  const [door] = await KeptDoors.open({ open, reopened: () => t.fail() });
  unlinkSync(path);
  look();
  await door!.close();
  t.is(opened, 1);
});

test("a daemon that cannot make the socket for descriptors leaves neither socket behind", async (t) => {
  const place = folder(t);
  const [socket, attachSocket] = [join(place, "manager.sock"), join(place, "attach.sock")];
  writeFileSync(attachSocket, "no socket");
  const options = { socket, vppSocket: join(place, "api.sock"), socketDirectory: join(place, "sockets") };
  await t.throwsAsync(Daemon.start({ ...options, attachSocket }), { instanceOf: PuntError });
  t.deepEqual(readdirSync(place).sort(), ["attach.sock", "sockets"]);
  rmSync(attachSocket);
  const daemon = await Daemon.start(options);
  await daemon.close();
});

/** Gives the path to another server, as a daemon does that starts after the file was removed. */
async function replaced(t: ExecutionContext, path: string): Promise<void> {
  const other = createServer((socket) => socket.end("other"));
  await new Promise<void>((resolve) => other.listen(`${path}.new`, resolve));
  t.teardown(() => void other.close());
  renameSync(`${path}.new`, path);
}

async function answerAt(path: string): Promise<string> {
  let text = "";
  for await (const bytes of connect(path)) text += bytes;
  return text;
}

test("a daemon that ends leaves the socket of the daemon that has its place", async (t) => {
  const running = await daemonTest(t);
  await replaced(t, running.socket);
  await running.daemon.close();
  t.is(await answerAt(running.socket), "other");
});

test("an embedded VPP that ends leaves the socket of the VPP that has its place", async (t) => {
  const path = join(folder(t), "api.sock");
  const vpp = await EmbeddedVpp.start({ apiSocket: path });
  await replaced(t, path);
  await vpp.close();
  t.is(await answerAt(path), "other");
  const next = await EmbeddedVpp.start({ apiSocket: `${path}.next` });
  await next.close();
  t.false(existsSync(`${path}.next`));
});
