// A daemon that serves the page, with punts of several types and states on an embedded VPP.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Daemon, type DaemonOptions } from "../../lib/daemon/index.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { EmulatedHost, LinuxHost, type PuntRequestInput } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";

export interface PageTest {
  readonly vpp: EmbeddedVpp;
  readonly daemon: Daemon;
  readonly directory: string;
  readonly socket: string;
  readonly punts: RemotePunts;
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
}

/** A punt of each way: memif, TAP, two interfaces, a socket, a DEGRADED punt, and a punt that waits. */
export const REQUESTS: readonly PuntRequestInput[] = [
  { cnf: "mon", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", direction: "rx" },
  {
    cnf: "fw",
    key: "edge",
    type: "ABX",
    vppInterface: "eth0",
    netns: { name: "fw" },
    ingressAclRules: [{ protocol: "TCP" }],
  },
  {
    cnf: "fw",
    key: "pair",
    type: "HAIRPIN_XCONNECT",
    vppInterface1: "eth1",
    vppInterface2: "eth2",
    netns: { name: "fw" },
  },
  { cnf: "dns", type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 5300 } } as PuntRequestInput,
  { cnf: "ospf", type: "PUNT_TO_SOCKET", ipProto: { af: "IPV4", protocol: "OSPF" } } as PuntRequestInput,
  { cnf: "late", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth9", direction: "rx" },
];

interface PageOptions extends DaemonOptions {
  /** TAPs are devices of Linux. That needs root. */
  readonly isOnLinux?: boolean;
}

/** Starts both. Everything ends with the test. */
export async function pageTest(
  t: ExecutionContext,
  { isOnLinux = false, ...options }: PageOptions = {},
): Promise<PageTest> {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-page-"));
  const names = ["eth0", "eth1", "eth2"];
  const exec = names.flatMap((name, index) => [
    `set interface state ${name} up`,
    `set interface ip address ${name} 10.0.${index}.1/24`,
  ]);
  const vpp = await EmbeddedVpp.start({ directory, interfaces: names, exec, ...(isOnLinux && { host: "linux" }) });
  const socket = join(directory, "manager.sock");
  const daemon = await Daemon.start({
    ...{ socket, vppSocket: vpp.apiSocket, socketDirectory: join(directory, "sockets"), page: { port: 0 } },
    ...options,
    manager: { host: isOnLinux ? new LinuxHost() : new EmulatedHost(vpp), memifDirectory: join(directory, "memif") },
  });
  const punts = new RemotePunts({ socket });
  t.teardown(async () => {
    await punts.close();
    await daemon.close();
    await vpp.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { vpp, daemon, directory, socket, punts, origin: `http://${daemon.pageAddress}` };
}
