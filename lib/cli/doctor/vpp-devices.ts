// Asks the VPP of this machine, and tries its TAPs.
import { Vpp } from "../../binapi/index.js";
import type { PuntError } from "../../errors.js";
import { type DeviceReport, tryDevices } from "../../punt/index.js";

const CONNECT_MS = 2_000;

/** Runs `ask` with a connection to VPP. Rejects where no VPP answers in time. */
async function asked<T>(socketPath: string, ask: (vpp: Vpp) => Promise<T>): Promise<T> {
  let vpp: Vpp | undefined;
  // The timer of a connection does not keep the process running.
  const hold = setInterval(() => {}, CONNECT_MS);
  try {
    vpp = await Vpp.connect({ socketPath, connectTimeout: CONNECT_MS, timeout: CONNECT_MS, reconnect: false });
    return await ask(vpp);
  } finally {
    clearInterval(hold);
    await vpp?.close();
  }
}

/** Returns the result; undefined without root, and where no VPP answers: other lines say why. */
export async function triedDevices(socketPath: string): Promise<DeviceReport | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return asked(socketPath, tryDevices).catch(() => undefined);
}

/** Returns the code of the error where VPP does not answer. */
export async function answerError(socketPath: string): Promise<string | undefined> {
  try {
    await asked(socketPath, (vpp) => vpp.call("show_version"));
    return undefined;
  } catch (error) {
    return (error as PuntError).code;
  }
}

/** Returns lines for people. */
export function deviceLines({ makesTaps, refusal, vpp, namespace, folders }: DeviceReport): string[] {
  const places = {
    own: "the same as that of this program",
    other: `another one (${namespace})`,
    unknown: "unknown: name it by the manager's option vppNamespace",
  };
  const opens = Object.values(folders)[0];
  const way = {
    open: "VPP opens the CNF's namespace",
    move: "VPP cannot open the CNF's namespace, and the manager moves the TAP",
  };
  return [
    makesTaps ? "TAPs: yes" : `TAPs: no (${refusal}); veth pairs stand in`,
    `network namespace of VPP: ${places[vpp]}`,
    ...(opens === undefined ? [] : [`way of a TAP: ${way[opens]}`]),
  ];
}
