// Checks of Linux and Node: versions, the addon, devices, limits, offloads, namespaces, the clock.
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

const LEAST_QUEUE = 512;

export const queueLimit: Check = {
  name: "queue limit",
  run(machine) {
    const value = machine.text("/proc/sys/net/unix/max_dgram_qlen");
    if (value === undefined || Number(value) >= LEAST_QUEUE) return [];
    return [
      {
        level: "advice",
        what: `net.unix.max_dgram_qlen is ${value.trim()}`,
        why: "a punt socket that is not connected to VPP holds this number of packets and loses the rest of a burst",
        remedy: `sysctl -w net.unix.max_dgram_qlen=${LEAST_QUEUE}, in the CNF's namespace, before the CNF opens its socket`,
      },
    ];
  },
};

/** Names of the Linux devices that vpp-punt makes for TAP interconnects begin so. */
const TAP = /^tap-/;

export const checksumOffload: Check = {
  name: "checksum offload",
  run(machine) {
    const taps = machine.names("/sys/class/net").filter((name) => TAP.test(name));
    return taps.flatMap((name): Finding[] => {
      const features = machine.output("ethtool", "-k", name) ?? "";
      if (!/^tx-checksumming: on/m.test(features)) return [];
      return [
        {
          level: "advice",
          what: `${name} has transmit checksum offload on`,
          why: "Linux leaves the checksum of UDP open, VPP does not fill it in, and DHCP over this TAP fails",
          remedy: `ethtool -K ${name} tx off`,
        },
      ];
    });
  },
};

export const namespaces: Check = {
  name: "namespaces",
  run(machine) {
    const mounts = machine.text("/proc/self/mounts") ?? "";
    return machine.names("/run/netns").flatMap((name): Finding[] => {
      const pattern = new RegExp(`^\\S+ (/var)?/run/netns/${name.replace(/\W/g, "\\$&")} nsfs `, "m");
      if (pattern.test(mounts)) return [];
      return [
        {
          level: "problem",
          what: `/run/netns/${name} is a file, and not a network namespace`,
          why: "a punt that names it stays PENDING until the namespace exists",
          remedy: `ip netns delete ${name}; ip netns add ${name}`,
        },
      ];
    });
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
