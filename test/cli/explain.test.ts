// `vpp-punt explain` as a user runs it.
import { writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { PcapWriter } from "../../lib/packet/index.js";
import { cli, end, type Site, SPAN, site, start } from "../support/cli/command.js";

/** An ARP request. */
const ARP = "ffffffffffff02aa0000000108060001080006040001 02aa000000010a000002 0000000000000a000001";
const DNS =
  "{ type: ABX, cnf: dns, interconnect: MEMIF, vppInterface: eth0, ingressAclRules: [{ protocol: UDP, destinationPort: 53 }] }";

async function withPunts(t: ExecutionContext): Promise<Site> {
  const exec = [
    "set interface state eth0 up",
    "set interface state eth1 down",
    "set interface ip address eth0 10.0.0.1/24",
  ];
  const here = await site(t, ...exec.flatMap((line) => ["--exec", line]));
  for (const punt of [SPAN, DNS]) t.is((await here.punts("add", "--wait", punt)).status, 0);
  return here;
}

test("explain names the place where a punt's packets end, and exits with 1", async (t) => {
  const here = await withPunts(t);
  const { status, stdout, stderr } = await here.punts("explain", "monitor/eth0");
  t.is(stderr, "");
  t.is(status, 1);
  t.regex(stdout, /^ok {7}interface eth0: it is up, with 10\.0\.0\.1\/24\n/);
  t.regex(stdout, /\nok {7}objects in VPP: all are there, and as the punt wants them\n/);
  t.regex(stdout, /\nfault {4}memif \S+: no program is connected with \S+\. Do: start the CNF;/);
  t.regex(stdout, /\nno packet reaches monitor\/eth0: memif \S+: no program is connected with \S+\n$/);
});

test("explain exits with 0 while the CNF is connected, and --json has every step", async (t) => {
  const here = await withPunts(t);
  const dump = start(["dump", "monitor/eth0", ...here.options], here.env);
  t.teardown(() => end(dump, "SIGKILL"));
  const explain = () => here.punts("explain", "monitor/eth0", "--json");
  let found = await explain();
  while (found.status !== 0) found = await explain();
  const { punt, steps } = JSON.parse(found.stdout);
  t.is(punt, "monitor/eth0");
  const frame = await here.punts("explain", ARP, "--interface", "eth0");
  t.regex(
    frame.stdout,
    /\nok {7}monitor\/eth0: memif \S+: memif\S+ is connected with \S+\nit reaches monitor\/eth0\n$/,
  );
  t.deepEqual([...new Set(steps.map(({ verdict }: { verdict: string }) => verdict))], ["ok"]);
});

test("explain of a frame names the punts that get it and the reasons of the others; --trace adds VPP's trace", async (t) => {
  const here = await withPunts(t);
  const { status, stdout } = await here.punts("explain", ARP, "--interface", "eth0", "--trace");
  t.is(status, 0);
  t.regex(stdout, /^eth0: ARP who has 10\.0\.0\.1, tell 10\.0\.0\.2\n/);
  t.regex(stdout, /\ncopy {5}monitor\/eth0: the punt mirrors everything that eth0 receives\n/);
  t.regex(stdout, /\npassed {3}dns: ABX looks at IP packets only\n/);
  t.regex(stdout, /: pg-input\n.*\n.*: span-input\n/);
  t.regex(stdout, /\nfault {4}monitor\/eth0: memif \S+: no program is connected with \S+\. Do: start the CNF;/);
  t.regex(stdout, /\nit reaches monitor\/eth0 \(no program is there\)\n$/);
  const other = await here.punts("explain", ARP, "--interface", "eth1");
  t.is(other.status, 1);
  t.regex(other.stdout, /fault {4}interface eth1: it is down.*Do: vppctl set interface state eth1 up\n/);
  t.regex(other.stdout, /\nit reaches no punt\n$/);
});

test("explain takes a pcap file and traces, and needs nothing but the daemon that has the punts", async (t) => {
  const here = await withPunts(t);
  const file = here.at("frames.pcap");
  const writer = PcapWriter.open(file);
  for (let i = 0; i < 2; i++) writer.writePacket(Buffer.from(ARP.replaceAll(" ", ""), "hex"));
  writer.close();
  const socket = here.at("manager.sock");
  const args = ["--socket", socket];
  const daemon = start(
    [
      "daemon",
      ...args,
      "--vpp",
      here.at("api.sock"),
      "--state",
      here.at("state"),
      "--memif-directory",
      here.at("memif"),
      "--owner",
      "other",
    ],
    {},
  );
  t.teardown(() => end(daemon, "SIGKILL"));
  const request = SPAN.replace("monitor", "second");
  while ((await cli(["add", "--wait", request, "--socket", socket])).status !== 0);
  const { status, stdout } = await cli(["explain", "-f", file, "--interface", "eth0", "-o", "json", ...args]);
  t.is(status, 0);
  const { frames } = JSON.parse(stdout);
  t.is(frames.length, 2);
  t.deepEqual(frames[1].reaches, [{ cnf: "second", key: "eth0", label: "" }]);
  t.is(frames[1].trace, undefined);
  const traced = await cli(["explain", "-f", file, "--interface", "eth0", "--trace", ...args]);
  t.is(traced.stdout.match(/: pg-input\n/g)?.length, 2, traced.stderr);
  t.regex(traced.stdout, /\ncopy {5}second\/eth0: the punt mirrors everything that eth0 receives\n/);
  t.regex(traced.stdout, /\nfault {4}second\/eth0: memif \S+: no program is connected with \S+\. Do: start the CNF;/);
  t.regex(traced.stdout, /\nit reaches second\/eth0 \(no program is there\)\n/);
  const punt = await cli(["explain", "second/eth0", "--trace", "--duration", "10", "--json", ...args]);
  t.regex(JSON.parse(punt.stdout).trace, /No packets in trace buffer/);
});

test("explain refuses what it cannot explain on one line", async (t) => {
  const here = await withPunts(t);
  const file = here.at("none.pcap");
  writeFileSync(file, "no pcap at all, whatever its name says");
  const cases: [string[], number, RegExp][] = [
    [[], 2, /a punt, or --interface and a frame, are expected/],
    [["--interface", "eth0"], 2, /a frame in hex or a pcap file \(-f\) is expected/],
    [["0800", "--interface", "eth0"], 1, /2 bytes are not an Ethernet frame/],
    [["xyz", "--interface", "eth0"], 2, /the packet is not hex/],
    [[ARP, "--interface", "eth7"], 1, /VPP has no interface eth7; it has local0, eth0, eth1/],
    [["-f", file, "--interface", "eth0"], 1, /none\.pcap/],
    [["nobody"], 1, /there is no punt nobody/],
  ];
  for (const [args, expected, message] of cases) {
    const { status, stderr } = await here.punts("explain", ...args);
    t.is(status, expected, stderr);
    t.regex(stderr, message);
    t.is(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});
