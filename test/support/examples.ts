// The programs of examples/, and what each of them prints.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";

const folder = new URL("../../examples/", import.meta.url);

/** The names of the programs. */
export const examples = readdirSync(folder)
  .filter((name) => name.endsWith(".js"))
  .map((name) => name.replace(/\.js$/, ""));

/** The output of each program, on any VPP. */
const OUTPUTS: Readonly<Record<string, RegExp>> = {
  "binary-api": /^VPP .*\nthe loopback is up\n0 local0 .*\n1 loop0 02:fe:00:00:00:01\nVPP_INVALID_SW_IF_INDEX/,
  "binary-api-errors": /\ndisconnected: ERR_DISCONNECTED\nconnected again\n\d+ messages, .* control_ping_reply$/,
  "dhcp-server": /: 020000000002 is offered 10.0.0.100\n.* takes 10.0.0.100\nthe host has 10.0.0.100$/,
  faults: /^VPP_VALUE_EXIST\n0 loopbacks after the restart$/,
  firewall: /^2 frames passed, 1 dropped$/,
  isis: /^L2 LAN hello of system 0000.0000.0002, holding time 30 s$/,
  manager: /\nleft by eth1$/,
  "memif-echo": /^1500 bytes came back from vpp-punt$/,
  metrics: /^vpp_punt_packets_total\{cnf="monitor",.*direction="to_cnf"\} [1-9]/m,
  neighbors: /\n10.0.0.2 has moved from 0200000000aa to 0200000000cc$/,
  "ospf-hello": /: router 2.2.2.2 at 10.0.0.2, .*\n.*: router 3.3.3.3 at 10.0.0.3, area 0.0.0.0, hello every 10 s$/,
  "receive-punts": /^.*10\.0\.0\.2.* 10\.0\.0\.1.*\n.*10\.0\.0\.1.* 10\.0\.0\.2.*$/,
  "shared-interface": /^dns .* 53\nmonitor .* 123\nmonitor .* 53\nntp got a datagram to port 123$/,
  "span-capture": /^(eth0-\d.pcapng: \d+ bytes\n?){3}$/,
  statistics: /^eth0: 2 packets received$/m,
  "udp-responder": /^20000 answers, \d+ a second$/,
};

/** Runs a program with the given arguments of Node, and checks what it prints. */
export async function runExample(t: ExecutionContext, name: string, ...nodeArguments: string[]): Promise<void> {
  const file = fileURLToPath(new URL(`${name}.js`, folder));
  const { error, stdout, stderr } = await new Promise<{ error: Error | null; stdout: string; stderr: string }>(
    (resolve) => {
      const child = execFile(process.execPath, [...nodeArguments, file], { timeout: 90_000 }, (failed, out, err) =>
        resolve({ error: failed, stdout: out, stderr: err }),
      );
      t.teardown(() => child.kill());
    },
  );
  t.is(error, null, stderr);
  t.regex(stdout.trimEnd(), OUTPUTS[name]!);
}
