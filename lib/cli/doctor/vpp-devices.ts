// What the VPP of this machine can do with TAPs, tried.
import { Vpp } from "../../binapi/index.js";
import { type DeviceReport, tryDevices } from "../../punt/index.js";

const CONNECT_MS = 2_000;

/** Returns the result; undefined without root, and where no VPP answers. */
export async function triedDevices(socketPath: string): Promise<DeviceReport | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  let vpp: Vpp | undefined;
  // The timer of a connection does not keep the process running.
  const hold = setInterval(() => {}, CONNECT_MS);
  try {
    vpp = await Vpp.connect({ socketPath, connectTimeout: CONNECT_MS, timeout: CONNECT_MS, reconnect: false });
    return await tryDevices(vpp);
  } catch {
    // Other lines say why VPP does not answer.
    return undefined;
  } finally {
    clearInterval(hold);
    await vpp?.close();
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
