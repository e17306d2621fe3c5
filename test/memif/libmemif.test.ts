// Limits of libmemif are errors, and its faults have no effect: cases that the suite over both engines does not show.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import test from "ava";
import { Memif, type MemifEnding } from "../../lib/memif/index.js";
import { native } from "../../lib/native.js";
import { preloaded } from "../support/machine/preload.js";
import { startPeer } from "../support/memif/peer.js";
import { event, memifPair, memifSocket, openMemif, until } from "../support/memif/ports.js";
import { need } from "../support/need.js";

const present = native.buildInfo().libmemif;
const over = need("libmemif");
const engine = "libmemif" as const;

test("a build without libmemif says so", (t) => {
  const open = () => Memif.open({ role: "client", socket: memifSocket(t), engine });
  if (present) t.notThrows(() => open().close());
  else t.regex(t.throws(open, { code: "ERR_NOT_BUILT" })!.message, /vpp-punt info/);
});

over.test("buffers that libmemif cannot count are an error at open", (t) => {
  const options = { socket: memifSocket(t), engine, txQueues: 2, ringSize: 16384, bufferSize: 65535 };
  const message = /take less than 2 GiB with libmemif/;
  t.throws(() => Memif.open({ ...options, role: "client" }), { code: "ERR_OPTION", message });
  t.notThrows(() => Memif.open({ ...options, role: "server" }).close());
});

need("libmemif", "g++").test("a client with more regions than libmemif counts is refused by name", async (t) => {
  const socket = memifSocket(t);
  const server = openMemif(t, { role: "server", socket, engine });
  const peer = startPeer(t, "hostile_client", socket, "many-regions");
  const { reason } = await event<MemifEnding>(server, "refused");
  t.is(reason, "255 regions are too many for libmemif, which takes 254");
  t.true((await peer.ended).includes(`disconnect ${reason}`));
});

over.test("a burst that ends with more queued is delivered whole: libmemif calls that an error", async (t) => {
  const { server, client } = await memifPair(t, { engine, burst: 8 });
  let received = 0;
  server.receive((batch) => {
    received += batch.length;
  });
  const packets = Array.from({ length: 500 }, () => new Uint8Array(60));
  for (let sent = 0; sent < packets.length; ) {
    sent += client.send(packets.slice(sent));
    await new Promise(setImmediate);
  }
  await until(() => received === 500);
  t.is(server.stats().rx[0]!.packets, 500);
});

over.test("slots are given back in order when their 16-bit count wraps: libmemif gives back too many", async (t) => {
  const { server, client } = await memifPair(t, { engine, rxMode: "polling", ringSize: 64, bufferSize: 64 });
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    let sent = 0;
    let got = 0;
    let wrong = 0;
    while (got < 200_000) {
      while (from.send(new Uint8Array(60).fill(sent & 0xff)) === 1) sent++;
      // Not all at a time, so that slots are given back one part after the other.
      to.rx(0).poll((batch) => {
        for (let i = 0; i < batch.length; i++) if (batch.u8(i, 59) !== (got++ & 0xff)) wrong++;
      }, 23);
    }
    t.is(wrong, 0);
    t.is(from.stats().violations + to.stats().violations, 0);
  }
});

over.test("16 queues each way carry their own packets", async (t) => {
  const { server, client } = await memifPair(t, { engine, rxQueues: 16, txQueues: 16, ringSize: 32 });
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    const got = new Set<string>();
    to.receive((batch, queue) => void got.add(`${queue.index} ${batch.u8(0, 0)}`));
    for (let i = 0; i < 16; i++) t.is(from.tx(i).send(new Uint8Array(60).fill(i)), 1);
    await until(() => got.size === 16);
    for (let i = 0; i < 16; i++) t.true(got.has(`${i} ${i}`));
  }
});

const library = new URL("../../lib/memif/index.js", import.meta.url).href;

/** With `left` descriptors left, a client connects or says what it lacks: libmemif goes on without and crashes. */
const exhausted = (socket: string, left: number) => `
  import { closeSync, openSync } from "node:fs";
  import { Memif } from ${JSON.stringify(library)};
  const server = Memif.open({ role: "server", socket: ${JSON.stringify(socket)} });
  const taken = [];
  try { for (;;) taken.push(openSync("/dev/null")); } catch {}
  for (const fd of taken.splice(0, ${left})) closeSync(fd);
  const client = Memif.open({ role: "client", socket: ${JSON.stringify(socket)}, engine: "libmemif" });
  client.once("refused", ({ reason }) => { console.log("refused", reason); process.exit(0); });
  client.once("up", () => { console.log("up"); process.exit(0); });
`;

over.test("a process without descriptors for libmemif's rings says so", async (t) => {
  const seen: string[] = [];
  for (let left = 4; left < 40 && seen.at(-1) !== "up"; left += 2) {
    const script = exhausted(memifSocket(t), left);
    const args = ["-c", 'ulimit -n 128; exec "$@"', "sh", process.execPath, "--input-type=module", "-e", script];
    const child = spawn("sh", args, { stdio: ["ignore", "pipe", "inherit"] });
    t.teardown(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (text) => {
      output += text;
    });
    t.deepEqual(await once(child, "close"), [0, null], `${left} descriptors: ${output}`);
    seen.push(output.trim());
  }
  t.is(seen.at(-1), "up");
  t.true(seen.some((text) => /refused .*libmemif/.test(text)));
});

for (const [client, server] of [
  ["libmemif", "builtin"],
  ["builtin", "libmemif"],
] as const) {
  over.test(`a child process inherits no descriptor of a connection, ${client} to ${server}`, async (t) => {
    const { server: port } = await memifPair(t, {}, { engine: client }, { engine: server });
    t.not(port.peer, undefined);
    const inherited = spawnSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" }).stdout;
    const targets = [...inherited.matchAll(/-> (.*)$/gm)].map(([, target]) => target!);
    t.deepEqual(
      targets.filter((target) => /memif|memfd|eventfd/.test(target)),
      [],
    );
    t.true(targets.filter((target) => /^socket:/.test(target)).length <= 3, inherited);
  });
}

need("libmemif", "g++").test(
  "a process that fills every queue it finds blocks no connection of libmemif's",
  async (t) => {
    const stranger = startPeer(t, "stranger");
    await until(() => stranger.lines.includes("ready"));
    for (let round = 0; round < 20; round++) {
      const socket = memifSocket(t);
      const server = openMemif(t, { role: "server", socket, engine });
      const client = openMemif(t, { role: "client", socket, engine, reconnectMs: 5 });
      // A stranger may come first, and spoil one attempt; the next one is at another name.
      await Promise.all([event(server, "up"), event(client, "up")]);
      t.not(client.peer, undefined);
      server.close();
      client.close();
    }
  },
);

/** Opens a port over libmemif and its peer, waits until one attempt has come to an end, and closes both. */
const ATTEMPT = `
  const [library, role, socket] = process.argv.slice(1);
  const { Memif } = await import(library);
  const port = Memif.open({ role, socket, engine: "libmemif" });
  const peer = Memif.open({ role: role === "server" ? "client" : "server", socket, engine: "builtin", reconnectMs: 5 });
  const said = await Promise.race(["up", "refused"].map((name) => new Promise((resolve) => port.once(name, () => resolve(name)))));
  port.close();
  peer.close();
  console.log(said);`;

for (const [role, after, said] of [
  ["client", "listen", "up"],
  ["server", "listen", "refused"],
  ["server", "connect", "up"],
] as const) {
  need("libmemif", "cc-of-node").test(
    `${role}: a queue that another process fills right after our ${after} blocks nothing`,
    (t) => {
      const library = new URL("../../lib/memif/index.js", import.meta.url).href;
      const args = ["--input-type=module", "-e", ATTEMPT, library, role, memifSocket(t)];
      const env = { ...process.env, ...preloaded("full_backlog"), FILL_AFTER: after };
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000, env });
      t.deepEqual({ status, stdout }, { status: 0, stdout: `${said}\n` }, stderr);
    },
  );
}
