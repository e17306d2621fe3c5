// Asks the VPP of this machine for its release and its features, and tries its TAPs.
import { Vpp } from "../../binapi/index.js";
import { isEmbeddedBuild } from "../../embedded-build.js";
import type { PuntError } from "../../errors.js";
import {
  type DeviceReport,
  type FeatureReport,
  featureReports,
  type ListedManager,
  listedManagers,
  tryDevices,
} from "../../punt/index.js";

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

/** The release and the features of a running VPP. */
export interface VppAnswer {
  readonly version: string;
  readonly features: readonly FeatureReport[];
}

/** Returns the features of the VPP at the socket; undefined where no VPP answers: other lines say why. */
export async function answeredFeatures(socketPath: string): Promise<VppAnswer | undefined> {
  const ask = async (vpp: Vpp) => {
    const { version } = await vpp.call("show_version");
    return { version, features: featureReports((message) => vpp.has(message)) };
  };
  return asked(socketPath, ask).catch(() => undefined);
}

/** Returns a line for people for each feature that VPP lacks, or has by older messages. */
export function featureLines({ features }: VppAnswer): string[] {
  return features.flatMap(({ feature, use, available, instead, reason }) => {
    if (!available) return [`${feature}: no: ${reason} (${use})`];
    return instead.length === 0 ? [] : [`${feature}: yes, by ${instead.join(", ")} (${use})`];
  });
}

/** Returns whether an embedded VPP answers. */
export async function answersAsEmbedded(socketPath: string): Promise<boolean> {
  const ask = async (vpp: Vpp) => isEmbeddedBuild((await vpp.call("show_version")).build_directory);
  return asked(socketPath, ask).catch(() => false);
}

/** Returns the managers that VPP lists among its clients; none where no VPP answers: other lines say why. */
export async function answeredManagers(socketPath: string): Promise<readonly ListedManager[]> {
  const ask = async (vpp: Vpp) => listedManagers((await vpp.call("cli_inband", { cmd: "show api clients" })).reply);
  return asked(socketPath, ask).catch(() => []);
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
