// Checks of Linux's network namespaces: those with a name, the queues of sockets there, and the offloads of TAPs.
import { join } from "node:path";
import type { Check, Finding, Machine } from "./check.js";

const FOLDER = "/run/netns";

/** Returns the names of the network namespaces; a file in their folder that is none is left out. */
function namespacesOf(machine: Machine): string[] {
  const mounts = machine.text("/proc/self/mounts") ?? "";
  return machine.names(FOLDER).filter((name) => {
    return new RegExp(`^\\S+ (/var)?${FOLDER}/${name.replace(/\W/g, "\\$&")} nsfs `, "m").test(mounts);
  });
}

const LEAST_QUEUE = 512;
const LIMIT = "/proc/sys/net/unix/max_dgram_qlen";

function shortQueue(text: string | undefined, namespace?: string): Finding[] {
  if (text === undefined || Number(text) >= LEAST_QUEUE) return [];
  const set = `sysctl -w net.unix.max_dgram_qlen=${LEAST_QUEUE}`;
  return [
    {
      level: "advice",
      what: `net.unix.max_dgram_qlen is ${text.trim()}${namespace === undefined ? "" : ` in the namespace ${namespace}`}`,
      why: "a punt socket that is not connected to VPP holds this number of packets and loses the rest of a burst",
      remedy:
        namespace === undefined
          ? `${set}, in the CNF's namespace, before the CNF opens its socket`
          : `ip netns exec ${namespace} ${set}, before the CNF opens its socket`,
    },
  ];
}

/** Each network namespace has a limit of its own, and a new one has Linux's default of 10. */
export const queueLimit: Check = {
  name: "queue limit",
  run(machine) {
    const limitIn = (name: string) => machine.output("ip", "netns", "exec", name, "cat", LIMIT);
    return [
      ...shortQueue(machine.text(LIMIT)),
      ...namespacesOf(machine).flatMap((name) => shortQueue(limitIn(name), name)),
    ];
  },
};

/** Names of the Linux devices that vpp-punt makes for TAP interconnects begin so. */
const TAP = /^tap-/;

/** Returns the names in a list of `ip -o link`: "7: tap-abcde@if6: <BROADCAST,UP> mtu 1500 ...". */
function namesIn(links: string): string[] {
  return [...links.matchAll(/^\d+: ([^:@\s]+)/gm)].map(([, name]) => name!);
}

function offloading(name: string, namespace?: string): Finding {
  const [where, prefix] =
    namespace === undefined ? ["", ""] : [` in the namespace ${namespace}`, `ip netns exec ${namespace} `];
  return {
    level: "advice",
    what: `${name}${where} has transmit checksum offload on`,
    why: "Linux leaves the checksum of UDP open, VPP does not fill it in, and DHCP over this TAP fails",
    remedy: `${prefix}ethtool -K ${name} tx off`,
  };
}

export const checksumOffload: Check = {
  name: "checksum offload",
  async run(machine) {
    const own = machine.names("/sys/class/net").filter((name) => TAP.test(name));
    const findings = (await machine.offloading(own)).map((name) => offloading(name));
    for (const namespace of namespacesOf(machine)) {
      const names = namesIn(machine.output("ip", "-n", namespace, "-o", "link", "show") ?? "");
      const taps = names.filter((name) => TAP.test(name));
      const on = await machine.offloading(taps, join(FOLDER, namespace));
      findings.push(...on.map((name) => offloading(name, namespace)));
    }
    return findings;
  },
};

export const namespaces: Check = {
  name: "namespaces",
  run(machine) {
    const known = new Set(namespacesOf(machine));
    return machine.names(FOLDER).flatMap((name): Finding[] => {
      if (known.has(name)) return [];
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
