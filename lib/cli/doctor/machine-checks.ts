// Checks of Linux and Node: versions, the addon, devices, the clock.
import { release } from "node:os";
import type { Check, Finding } from "./check.js";

function isOlder(version: string, least: readonly number[]): boolean {
  const numbers = version.match(/\d+/g)?.map(Number) ?? [];
  for (const [index, number] of least.entries()) {
    const own = numbers[index] ?? 0;
    if (own !== number) return own < number;
  }
  return false;
}

/** The oldest versions that the tests run on. */
const LEAST_KERNEL = [4, 18];
const LEAST_NODE = [20];

function old(name: string, version: string, least: readonly number[], remedy: string): Finding[] {
  if (!isOlder(version, least)) return [];
  const what = `${name} ${version} is older than ${least.join(".")}`;
  const why = "vpp-punt is not tested there, and calls that it needs are missing";
  return [{ level: "problem", what, why, remedy }];
}

export const versions: Check = {
  name: "versions",
  run(machine) {
    const kernel = machine.text("/proc/sys/kernel/osrelease")?.trim() ?? release();
    return [
      ...old("Linux", kernel, LEAST_KERNEL, `install Linux ${LEAST_KERNEL.join(".")} or newer`),
      ...old("Node", machine.node, LEAST_NODE, `install Node ${LEAST_NODE} or newer`),
    ];
  },
};

export const addon: Check = {
  name: "addon",
  async run(machine) {
    try {
      await machine.loadAddon();
      return [];
    } catch (error) {
      const [message] = (error as Error).message.split("\n");
      const what = `the native addon does not load: ${message}`;
      const why = "packets cannot be received or sent, and the embedded VPP does not run";
      const remedy =
        "npm rebuild vpp-punt --foreground-scripts; npm 11.16 and newer need `npm approve-scripts vpp-punt` before";
      return [{ level: "problem", what, why, remedy }];
    }
  },
};

const TUN: Finding = {
  level: "problem",
  what: "/dev/net/tun is missing",
  why: "VPP cannot make TAP interfaces",
  remedy: "modprobe tun; start a container with --device /dev/net/tun",
};

const VHOST: Finding = {
  level: "advice",
  what: "/dev/vhost-net is missing",
  why: "VPP refuses TAPs with SYSCALL_ERROR_1 (-11). vpp-punt uses veth pairs instead, which are slower, and which linux-cp cannot use",
  remedy: "modprobe vhost-net; start a container with --device /dev/vhost-net",
};

const UNKNOWN_NAMESPACE: Finding = {
  level: "problem",
  what: "VPP's network namespace is not this one, and there is no way into it",
  why: "a TAP that VPP makes there cannot be moved to its CNF: the punt FAILS with ERR_VPP_NAMESPACE",
  remedy:
    "name the namespace by the manager's option vppNamespace, such as /run/netns/vpp, or let the manager see VPP's process",
};

export const devices: Check = {
  name: "devices",
  async run(machine) {
    const missing = (path: string, finding: Finding) => (machine.isEmbedded || machine.exists(path) ? [] : [finding]);
    const tried = await machine.tryDevices();
    if (tried === undefined) return [...missing("/dev/net/tun", TUN), ...missing("/dev/vhost-net", VHOST)];
    const refused = { ...VHOST, what: `VPP refuses TAPs (${tried.refusal}), as without /dev/vhost-net` };
    return [...(tried.makesTaps ? [] : [refused]), ...(tried.vpp === "unknown" ? [UNKNOWN_NAMESPACE] : [])];
  },
};

export const clock: Check = {
  name: "clock",
  run(machine) {
    if (machine.output("timedatectl", "show", "-p", "NTPSynchronized", "--value")?.trim() !== "no") return [];
    return [
      {
        level: "advice",
        what: "the clock is not synchronized",
        why: "times in events, captures and audit logs of several hosts do not fit together, and TLS certificates may be refused",
        remedy: "timedatectl set-ntp true",
      },
    ];
  },
};
