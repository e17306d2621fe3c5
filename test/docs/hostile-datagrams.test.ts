// The programs that readers copy go on, whatever hosts send to them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import test from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { frame, udpPacket } from "../support/frames.js";

/** The program of a document that answers datagrams of a real VPP. */
function programOf(document: string): string {
  const blocks = readFileSync(document, "utf8").matchAll(/```js\n(.*?)```/gs);
  return [...blocks].map(([, code]) => code!).find((code) => /openPunt\(.*udp: \d+ \}\);/.test(code))!;
}

const PROGRAMS: Readonly<Record<string, string>> = {
  "README.md": programOf("README.md"),
  "docs/first-punt.md": programOf("docs/first-punt.md"),
  "deploy/dns.mjs": readFileSync("deploy/dns.mjs", "utf8"),
};

for (const [name, code] of Object.entries(PROGRAMS)) {
  test(`the program of ${name} goes on after a datagram to a group and a datagram that is too long to echo`, async (t) => {
    const cwd = mkdtempSync(join(tmpdir(), "vpp-punt-hostile-"));
    t.teardown(() => rmSync(cwd, { recursive: true }));
    mkdirSync(join(cwd, "node_modules"));
    symlinkSync(resolve("."), join(cwd, "node_modules/vpp-punt"));
    writeFileSync(join(cwd, "program.mjs"), code);
    const group = ["ip mroute add 224.0.0.1 via eth0 Accept", "ip mroute add 224.0.0.1 via local Forward"];
    const own = ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"];
    const interfaces = [{ name: "eth0", mac: "02:fe:00:00:00:01" }];
    const vpp = await EmbeddedVpp.start({ interfaces, exec: [...own, ...group] });
    t.teardown(() => vpp.close());
    const socket = join(cwd, "manager.sock");
    const daemon = await Daemon.start({ socket, vppSocket: vpp.apiSocket, socketDirectory: join(cwd, "sockets") });
    t.teardown(() => daemon.close());

    const child = spawn(process.execPath, ["program.mjs"], {
      ...{ cwd, env: { ...process.env, VPP_PUNT_SOCKET: socket }, stdio: ["ignore", "pipe", "pipe"] },
    });
    t.teardown(() => child.kill("SIGKILL"));
    let warnings = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      warnings += text;
    });
    for await (const line of createInterface({ input: child.stdout })) if (line.startsWith("ready")) break;
    child.stdout.resume();

    const port = Number(/udp: (\d+)/.exec(code)![1]);
    const eth0 = vpp.interface("eth0");
    const answered = once(eth0, "tx").then(() => "answered");
    const datagram = (to: string, mac: string, text: string) =>
      frame({ from: "02:00:00:00:00:02", to: mac }, udpPacket({ from: "10.0.0.2", to }, [4000, port], text));
    eth0.inject([
      datagram("224.0.0.1", "01:00:5e:00:00:01", "twelve bytes"),
      datagram("10.0.0.1", "02:fe:00:00:00:01", "x".repeat(2_020)),
      datagram("10.0.0.1", "02:fe:00:00:00:01", "twelve bytes"),
    ]);
    const ended = once(child, "exit").then(() => warnings);
    t.is(await Promise.race([answered, ended]), "answered");
  });
}
