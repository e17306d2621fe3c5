// Finds faults of a machine that stop punts, by looking at the machine.
import { type Check, type Finding, Machine, type MachineOptions } from "./check.js";
import { addon, clock, devices, versions } from "./machine-checks.js";
import { secondManager } from "./manager-check.js";
import { checksumOffload, namespaces, queueLimit } from "./namespace-checks.js";
import { plugins } from "./plugin-check.js";
import { lockedMemory, openFiles, otherAgents, rights } from "./process-checks.js";
import { apiSocket, daemonSocket, puntSocket, statsSocket } from "./socket-checks.js";
import { startupConf } from "./startup-conf.js";

export { vppOfDaemon } from "./daemon-role.js";
export { answeredFeatures, deviceLines, featureLines, triedDevices } from "./vpp-devices.js";
export type { Finding, MachineOptions };

const CHECKS: readonly Check[] = [
  ...[versions, addon, devices, queueLimit, checksumOffload, namespaces, clock],
  ...[startupConf, plugins, rights, apiSocket, puntSocket, statsSocket, daemonSocket],
  ...[lockedMemory, openFiles, secondManager, otherAgents],
];

export interface Checked {
  readonly check: string;
  readonly findings: readonly Finding[];
}

/** Runs every check on a machine. */
export async function examine(options: MachineOptions): Promise<Checked[]> {
  const machine = await Machine.of(options);
  return Promise.all(CHECKS.map(async (check) => ({ check: check.name, findings: await check.run(machine) })));
}
