// The commands about packets, over an embedded VPP of this process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";
import { PacketSocket, PcapngWriter, PcapReader, PcapWriter } from "../../lib/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { cli, end, main, SPAN, site } from "../support/cli/command.js";
import { frame, udpPacket } from "../support/frames.js";
import { need } from "../support/need.js";
import { until } from "../support/until.js";

const LINK = { from: "02:aa:00:00:00:01", to: "02:fc:00:00:00:01" };
const FRAME = Buffer.from(frame(LINK, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [4000, 9000], "who?")));

interface Place {
  readonly vpp: EmbeddedVpp;
  readonly folder: string;
  readonly env: Record<string, string>;
}

/** A VPP with eth0 and a punt of each request. */
async function place(t: ExecutionContext, ...requests: string[]): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-packets-"));
  const exec = ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"];
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec });
  t.teardown(async () => {
    await vpp.close();
    rmSync(folder, { recursive: true });
  });
  const env = {
    VPP_PUNT_VPP: vpp.apiSocket,
    VPP_PUNT_STORE: join(folder, "store.json"),
    VPP_PUNT_MEMIF_DIRECTORY: join(folder, "memif"),
  };
  for (const request of requests) t.is((await cli(["add", "--wait", request], { env })).status, 0);
  return { vpp, folder, env };
}

/** Starts a command that receives, and waits until VPP is connected to it. */
async function receiving(
  { env }: Pick<Place, "env">,
  ...args: string[]
): Promise<ChildProcess & { errors: Promise<string> }> {
  const program = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const errors = await attached(program.stderr);
  return Object.assign(program, { errors: once(program, "close").then(errors) });
}

/** Waits until a command prints that packets come. Returns all of its output, also the later lines. */
async function attached(stderr: Readable): Promise<() => string> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    stderr.setEncoding("utf8").on("data", (chunk) => {
      said += chunk;
      if (said.includes("attached to ")) resolve();
    });
    stderr.on("end", () => reject(new Error(said)));
  });
  return () => said;
}

test("dump prints a line about each packet of a memif, and counts at the end", async (t) => {
  const here = await place(t, SPAN);
  const dump = await receiving(here, "dump", "monitor/eth0", "--count", "2");
  const output = text(dump.stdout!);
  here.vpp.interface("eth0").inject([FRAME, FRAME]);
  t.regex(await output, /^(\S+ eth0 46 10\.0\.0\.2 > 10\.0\.0\.1 UDP 4000 > 9000 4 bytes\n){2}$/);
  t.is(await dump.errors, "attached to monitor/eth0\n2 packets, 92 bytes, 0 dropped\n");
  t.is(dump.exitCode, 0);
});

test("dump shows packets that match, as JSON too", async (t) => {
  const here = await place(t, SPAN);
  const dump = await receiving(here, "dump", "monitor/eth0", "--json", "--count", "1", "--match", "> 9001");
  const output = text(dump.stdout!);
  const other = Buffer.from(frame(LINK, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [4000, 9001], "me?")));
  here.vpp.interface("eth0").inject([FRAME, other]);
  const packet = JSON.parse(await output);
  t.like(packet, { interface: "eth0", length: other.length, bytes: other.toString("hex") });
  t.regex(await dump.errors, /2 packets, .*, 1 matched, 0 dropped\n$/);
});

need("tcpdump").test("dump takes a capture filter, and refuses a wrong one before it attaches", async (t) => {
  const here = await place(t, SPAN);
  const dump = await receiving(here, "dump", "monitor/eth0", "--count", "1", "--filter", "udp dst port 9001");
  const output = text(dump.stdout!);
  const other = Buffer.from(frame(LINK, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [4000, 9001], "me?")));
  here.vpp.interface("eth0").inject([FRAME, other]);
  t.regex(await output, /^\S+ eth0 \d+ 10\.0\.0\.2 > 10\.0\.0\.1 UDP 4000 > 9001 3 bytes\n$/);
  t.regex(await dump.errors, /2 packets, .*, 1 matched, 0 dropped\n$/);
  const wrong = await cli(["dump", "monitor/eth0", "--filter", "udp prt 1"], { env: here.env });
  t.is(wrong.status, 2);
  t.regex(wrong.stderr, /^filter\.compile: .*\(ERR_FILTER\)\. `man pcap-filter` describes the language\n$/);
});

test("packets of a punt socket come with the interface that VPP had them from", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-path-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "cnf.sock");
  const request = `{ cnf: udp, type: PUNT_TO_SOCKET, socketPath: ${path}, toHost: { af: IPV4, protocol: UDP, port: 9000 } }`;
  const here = await place(t, request);
  const dump = await receiving(here, "dump", "udp", "--count", "1");
  const output = text(dump.stdout!);
  here.vpp.interface("eth0").inject(FRAME);
  t.regex(await output, / eth0 46 10\.0\.0\.2 > /);
});

test("attach writes a pcap to a pipe, live", async (t) => {
  const here = await place(t, SPAN);
  const attach = await receiving(here, "attach", "monitor/eth0");
  const chunks: Buffer[] = [];
  attach.stdout!.on("data", (chunk) => chunks.push(chunk));
  here.vpp.interface("eth0").inject(FRAME);
  const packets = () => [...new PcapReader(Buffer.concat(chunks))];
  while (Buffer.concat(chunks).length < 24 + 16 + FRAME.length) await once(attach.stdout!, "data");
  t.deepEqual(
    packets().map(({ bytes }) => Buffer.from(bytes)),
    [FRAME],
  );
  t.deepEqual(await end(attach, "SIGINT"), [0, null]);
  t.regex(await attach.errors, /1 packet, 46 bytes, 0 dropped\n$/);
});

need("tshark").test("dump -w writes pcapng with VPP's interface names", async (t) => {
  const here = await place(t, SPAN);
  const file = join(here.folder, "dump.pcapng");
  const dump = await receiving(here, "dump", "monitor/eth0", "--count", "1", "-w", file);
  here.vpp.interface("eth0").inject(FRAME);
  await dump.errors;
  const tshark = spawn("tshark", ["-r", file, "-T", "fields", "-e", "frame.interface_name", "-e", "udp.dstport"]);
  t.is(await text(tshark.stdout), "eth0\t9000\n");
});

test("a reader that ends is not an error; a full disk and a missing punt are", async (t) => {
  const here = await place(t, SPAN);
  const attach = await receiving(here, "attach", "monitor/eth0");
  attach.stdout!.destroy();
  here.vpp.interface("eth0").inject(FRAME);
  await attach.errors;
  t.is(attach.exitCode, 0);
  const full = await cli(["attach", "monitor/eth0", "-w", "/dev/full"], { env: here.env });
  t.regex(full.stderr, /ENOSPC/);
  t.is(full.status, 1);
  const missing = await cli(["dump", "nobody"], { env: here.env });
  t.is(missing.status, 1);
  t.regex(missing.stderr, /there is no punt nobody/);
});

test("a command that fails before packets can come leaves an older capture as it is", async (t) => {
  const { env, folder } = await place(t);
  const file = join(folder, "older.pcap");
  writeFileSync(file, "older");
  for (const command of ["attach", "dump"]) {
    t.is((await cli([command, "nobody", "-w", file], { env })).status, 1);
    t.is(readFileSync(file, "utf8"), "older");
  }
  t.is((await cli(["attach", "nobody"], { env })).stdout, "");
});

need("root").test("a punt whose device is not there yet is named, and what to do", async (t) => {
  const { env } = await place(t);
  t.is((await cli(["add", "{ cnf: later, type: SPAN, interconnect: TAP, vppInterface: eth9 }"], { env })).status, 0);
  for (const command of ["attach", "dump"]) {
    const { status, stderr } = await cli([command, "later"], { env });
    t.is(status, 1);
    t.regex(
      stderr,
      /^punt\.attach: the end of later is not there \(ENODEV\), because [^\n]*\. `vpp-punt explain later` [^\n]*\n$/,
    );
  }
});

test("a warning is one line, without Node's own words", async (t) => {
  const preload = `let said = false; process.on("beforeExit", () => said || (said = process.emitWarning("a\\nb", "PuntWarning") ?? true))`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(preload)}`;
  t.is((await cli(["schema"], { env: { NODE_OPTIONS } })).stderr, "vpp-punt: warning: a b\n");
  const silent = await cli(["schema"], { env: { NODE_OPTIONS: `${NODE_OPTIONS} --no-warnings` } });
  t.is(silent.stderr, "");
});

test("inject sends frames and IP packets into VPP", async (t) => {
  const here = await place(t);
  const { env, vpp, folder } = here;
  vpp.interface("eth0").transmitted();
  const options = ["--interface", "eth0", "--punt-socket", vpp.puntSocket!];
  const sent = await cli(["inject", FRAME.toString("hex").replace(/..(?=.)/g, "$&:"), ...options], { env });
  t.is(sent.status, 0, sent.stderr);
  t.is(sent.stdout, "1 packet, 46 bytes\n");
  const file = join(folder, "frames.pcap");
  const writer = PcapWriter.open(file);
  for (let i = 0; i < 3; i++) writer.writePacket(FRAME);
  writer.close();
  t.is(
    (await cli(["inject", "-f", file, "--json", ...options], { env })).stdout,
    '{\n  "packets": 3,\n  "bytes": 138\n}\n',
  );
  t.deepEqual(
    vpp
      .interface("eth0")
      .transmitted()
      .map((bytes) => Buffer.from(bytes)),
    [FRAME, FRAME, FRAME, FRAME],
  );
  const packet = udpPacket({ from: "10.9.9.9", to: "10.0.0.1" }, [1, 2], "routed");
  t.is((await cli(["inject", "--ip", Buffer.from(packet).toString("hex"), ...options], { env })).status, 0);
  // local0 has no Ethernet, as a tunnel has none.
  const bare = ["--interface", "local0", ...options.slice(2)];
  const refused = await cli(["inject", FRAME.toString("hex"), ...bare], { env });
  t.is(refused.status, 1);
  t.regex(refused.stderr, /local0 takes no Ethernet frames, as a tunnel: VPP may crash by one.*ERR_NO_INTERFACE/);
  t.is((await cli(["inject", "--ip", Buffer.from(packet).toString("hex"), ...bare], { env })).status, 0);
});

test("inject into a VPP without a punt socket fails at once, and names the missing line of startup.conf", async (t) => {
  const { env, folder } = await place(t);
  const path = join(folder, "none.sock");
  const options = ["--interface", "eth0", "--punt-socket", path];
  const { status, stderr } = await cli(["inject", FRAME.toString("hex"), ...options], { env });
  t.is(status, 1);
  t.is(
    stderr,
    `punt.inject: VPP has no punt socket at ${path} (ENOENT). VPP's startup.conf needs punt { socket ${path} }; --punt-socket names another path\n`,
  );
});

test("dump without a daemon says that VPP has disconnected, and who makes the punt again", async (t) => {
  const here = await site(t);
  t.is((await here.punts("add", "--wait", SPAN)).status, 0);
  const dump = await receiving(here, "dump", "monitor/eth0", ...here.options);
  let said = "";
  dump.stderr!.on("data", (chunk) => {
    said += chunk;
  });
  await end(here.sim, "SIGKILL");
  await until(() => said.includes("\n"));
  await end(dump, "SIGINT");
  const lost =
    "VPP has disconnected: waiting for it; no manager makes monitor/eth0 again in the next one: `vpp-punt watch` does";
  t.is(await dump.errors, `attached to monitor/eth0\n${lost}\n0 packets, 0 bytes, 0 dropped\n`);
});

test("wrong input of inject is refused on one line", async (t) => {
  const { env, vpp, folder } = await place(t);
  const text = join(folder, "text.pcap");
  writeFileSync(text, readFileSync("package.json"));
  const pcapng = join(folder, "frames.pcapng");
  PcapngWriter.open(pcapng).close();
  const cases: [RegExp, number, ...string[]][] = [
    [/a packet in hex or a pcap file \(-f\) is expected/, 2],
    [/not hex/, 2, "xyz"],
    [/neither IPv4 nor IPv6: its version is 0/, 2, "--ip", "00".repeat(30)],
    [/not a pcap|a pcap file does not/, 1, "-f", text],
    [/this is a pcapng file, not a pcap file; .*`editcap -F pcap`/, 1, "-f", pcapng],
    [/no such file/, 1, "-f", join(folder, "missing.pcap")],
    [/VPP has no interface eth7; it has local0, eth0/, 1, FRAME.toString("hex"), "--interface", "eth7"],
    [/a packet of 4 bytes|21/, 1, "00010203"],
    [
      /VPP's punt socket .*text\.pcap: no answer within 300 ms/,
      1,
      FRAME.toString("hex"),
      "--punt-socket",
      text,
      "--timeout",
      "300",
    ],
  ];
  for (const [said, status, ...args] of cases) {
    const found = await cli(["inject", "--interface", "eth0", "--punt-socket", vpp.puntSocket!, ...args], { env });
    t.is(found.status, status, found.stderr);
    t.regex(found.stderr, said);
    t.is(found.stderr.trim().split("\n").length, 1);
  }
});

need("root").test("attach --tap joins a punt to a TAP, both ways; the TAP ends with the command", async (t) => {
  const here = await place(t, SPAN);
  const words = ["--net", process.execPath, main, "attach", "monitor/eth0", "--tap", "pt0"];
  const program = spawn("unshare", words, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...here.env },
  });
  const errors = await attached(program.stderr);
  using device = PacketSocket.open({ device: "pt0", namespace: `/proc/${program.pid}/ns/net` });
  const came = new Promise<number>((resolve) => {
    device.receive((batch) => {
      if (batch.byteLength(0) === FRAME.length) resolve(batch.length);
    });
  });
  here.vpp.interface("eth0").inject(FRAME);
  t.is(await came, 1);
  device.send(FRAME);
  const memif = async () => (await here.vpp.interfaces()).find(({ name }) => name.startsWith("memif"))!;
  while ((await memif()).counters.rxPackets === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  t.deepEqual(await end(program, "SIGINT"), [0, null]);
  t.regex(
    errors(),
    /^made the TAP pt0\nattached to monitor\/eth0\n1 packet, 46 bytes to the CNF, 0 dropped\n(1 packet|(?!1 )\d+ packets) back to VPP/,
  );
});

need("root").test("attach --tap names a device that is no TAP", async (t) => {
  const here = await place(t, SPAN);
  const { status, stderr } = await cli(["attach", "monitor/eth0", "--tap", "lo"], here);
  t.is(status, 1, stderr);
  t.regex(stderr, /^punt\.attach: cannot make the TAP lo: .*\((EINVAL|EBUSY)\)/);
});

test("attach --tap explains a wrong name, and options that exclude each other", async (t) => {
  const here = await place(t, SPAN);
  const name = await cli(["attach", "monitor/eth0", "--tap", "much-too-long-a-name"], here);
  t.is(name.status, 2);
  t.regex(name.stderr, /cannot be the name of a device: 1 to 15 letters/);
  const both = await cli(["attach", "monitor/eth0", "--tap", "pt0", "-w", "x.pcap"], here);
  t.is(both.status, 2);
  t.regex(both.stderr, /'--tap <name>' cannot be used with option '-w, --write <file>'/);
});
