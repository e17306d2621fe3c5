// Checks of the processes: this user's rights, VPP's limits, agents that resync VPP.
import type { Check } from "./check.js";

/** Bits of the effective capabilities in /proc/self/status (Linux, include/uapi/linux/capability.h). */
const CAPABILITIES: ReadonlyArray<[name: string, bit: bigint]> = [
  ["CAP_NET_ADMIN", 12n],
  ["CAP_SYS_ADMIN", 21n],
];

export const rights: Check = {
  name: "rights",
  run(machine) {
    const effective = machine.text("/proc/self/status")?.match(/^CapEff:\s*([0-9a-f]+)$/m)?.[1];
    if (effective === undefined) return [];
    const has = (bit: bigint) => ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
    const missing = CAPABILITIES.filter(([, bit]) => !has(bit)).map(([name]) => name);
    if (missing.length === 0) return [];
    return [
      {
        level: "advice",
        what: `this user lacks ${missing.join(" and ")}`,
        why: "a manager of this user's makes no network devices: punts over TAP are FAILED (EPERM). memifs and punt sockets need neither",
        remedy: "run the manager (`vpp-punt daemon`) as root, and programs as any user who may write to its socket",
      },
    ];
  },
};

/** 64 MiB hold the rings of about ten memif interfaces. */
const LEAST_LOCKED = 64 << 20;

export const lockedMemory: Check = {
  name: "locked memory",
  run(machine) {
    const pid = machine.vpp()?.pid;
    const limits = pid === undefined ? undefined : machine.text(`/proc/${pid}/limits`);
    const soft = limits?.match(/^Max locked memory +(\S+)/m)?.[1];
    if (soft === undefined || soft === "unlimited" || Number(soft) >= LEAST_LOCKED) return [];
    return [
      {
        level: "advice",
        what: `VPP (pid ${pid}) may lock ${soft} bytes of memory only`,
        why: "VPP locks the memory of memif interfaces and of network cards, and fails where the limit is reached",
        remedy: "systemctl edit vpp, [Service] LimitMEMLOCK=infinity; then systemctl restart vpp",
      },
    ];
  },
};

/** A memif with a CNF has six: the listener, the connection, the memory, and the doorbells. 256 are enough for forty. */
const FEW_FILES = 256;

export const openFiles: Check = {
  name: "open files",
  run(machine) {
    const pid = machine.vpp()?.pid;
    const limits = pid === undefined ? undefined : machine.text(`/proc/${pid}/limits`);
    const soft = Number(limits?.match(/^Max open files +(\d+)/m)?.[1]);
    const used = machine.names(`/proc/${pid}/fd`).length;
    if (used === 0 || !(soft - used < FEW_FILES)) return [];
    return [
      {
        level: "advice",
        what: `VPP (pid ${pid}) has ${used} of ${soft} open files`,
        why: "each memif, TAP and veth pair needs several: without one left they are FAILED (SYSCALL_ERROR), and no CNF can connect to a memif",
        remedy: "systemctl edit vpp, [Service] LimitNOFILE=65536; then systemctl restart vpp",
      },
    ];
  },
};

const AGENT = /(^|\/)(vpp-agent|stonework|contiv-agent)$/;

export const otherAgents: Check = {
  name: "agents",
  run(machine) {
    if (machine.isEmbedded) return [];
    const agents = machine.processes().filter(({ words }) => AGENT.test(words[0] ?? ""));
    return agents.map(({ pid, words }) => ({
      level: "advice" as const,
      what: `an agent that resyncs VPP runs here (${words[0]}, pid ${pid})`,
      why: "its resync removes objects that it does not know, punts included. vpp-punt makes them again, but packets are lost",
      remedy: "configure the agent to leave interfaces with a foreign tag alone, or let one of the two manage this VPP",
    }));
  },
};
