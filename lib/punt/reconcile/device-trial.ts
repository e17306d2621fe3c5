// Trials of devices: makes a device, looks for it in network namespaces, and removes it.
import { randomBytes } from "node:crypto";
import type { PuntError } from "../../errors.js";
import type { Host } from "../../host/index.js";
import { hashLetters, type Marks } from "../interconnect/index.js";
import { createAfPacket, NO_INDEX, tapFields, type VppApi } from "../items/index.js";

export interface TrialContext {
  readonly vpp: VppApi;
  readonly host: Host;
  readonly marks: Marks;
}

/**
 * The result of a trial. `foundIn`: the first of the namespaces in which the device is. `unread`: one of them could not be read, and none
 * of the others has the device. `refusal`: VPP's words.
 */
export interface Outcome {
  readonly foundIn?: string | undefined;
  readonly unread?: PuntError | undefined;
  readonly refusal?: string;
}

/** The errors of a device that VPP was asked for begin so; any other error says nothing of devices. */
const OF_VPP = /^VPP_/;

/** Makes a TAP with the namespace `told` in the request, "" for VPP's own, and looks for it in `places`. @throws PuntError VPP is away */
export async function tryTap(
  { vpp, host, marks }: TrialContext,
  told: string,
  places: readonly string[],
): Promise<Outcome> {
  const name = nameOf(marks, `tap|${told}`);
  const cnfMac = randomMac();
  await deleteTaps(vpp, (found) => found === name);
  try {
    const fields = tapFields({ name, mac: randomMac(), cnfMac, namespace: told, gso: false });
    await vpp.call("tap_create_v3", fields);
  } catch (error) {
    const { code, message } = error as PuntError;
    if (!OF_VPP.test(code)) throw error;
    return { refusal: message };
  }
  try {
    return await placeOf(host, name, cnfMac, places);
  } finally {
    await deleteTaps(vpp, (found) => found === name);
  }
}

/** Removes the TAP of a trial, also a leftover of an earlier process. */
async function deleteTaps(vpp: VppApi, isOfTrial: (name: string) => boolean): Promise<void> {
  const taps = await vpp.dumpAll("sw_interface_tap_v2_dump", { sw_if_index: NO_INDEX });
  for (const tap of taps)
    if (isOfTrial(tap.host_if_name)) await vpp.call("tap_delete_v2", { sw_if_index: tap.sw_if_index });
}

async function placeOf(host: Host, name: string, mac: string, places: readonly string[]): Promise<Outcome> {
  let unread: PuntError | undefined;
  for (const place of places) {
    const links = await host.links(place).catch((error: PuntError) => {
      unread = error;
      return [];
    });
    if (links.some((link) => link.name === name && link.mac === mac)) return { foundIn: place };
  }
  return { unread };
}

/**
 * Removes what trials of a manager that was killed have left: TAPs whose request named one of the namespaces, and veth pairs in `places`.
 *
 * @throws PuntError VPP is away
 */
export async function removeTrials(
  { vpp, host, marks }: TrialContext,
  namespaces: readonly string[],
  places: readonly string[],
): Promise<void> {
  const names = new Set(["", ...namespaces].map((told) => nameOf(marks, `tap|${told}`)));
  if (vpp.has("sw_interface_tap_v2_dump")) await deleteTaps(vpp, (name) => names.has(name));
  const device = nameOf(marks, "pair");
  if (vpp.has("af_packet_dump")) {
    const opened = await vpp.dumpAll("af_packet_dump", {});
    if (opened.some((found) => found.host_if_name === device))
      await vpp.call("af_packet_delete", { host_if_name: device });
  }
  for (const place of places) {
    const links = await host.links(place).catch(() => []);
    if (links.some(({ name }) => name === device)) await host.change(place, { change: "delete-link", name: device });
  }
}

/** Makes a veth pair in each of the places, and asks VPP to open it: VPP opens devices of its own namespace only. */
export async function tryVeth({ vpp, host, marks }: TrialContext, places: readonly string[]): Promise<Outcome> {
  const device = nameOf(marks, "pair");
  for (const place of places) {
    const remove = () => host.change(place, { change: "delete-link", name: device }).catch(() => {});
    await remove();
    try {
      const pair = { name: device, group: marks.deviceGroup, peer: nameOf(marks, "peer"), peerMac: randomMac() };
      await host.change(place, { change: "add-veth", ...pair, peerNamespace: place });
      await createAfPacket(vpp, { mac: randomMac(), device });
      await vpp.call("af_packet_delete", { host_if_name: device });
      return { foundIn: place };
    } catch (error) {
      if (/^ERR_(DISCONNECTED|CLOSED)$/.test((error as PuntError).code)) throw error;
    } finally {
      await remove();
    }
  }
  return {};
}

/** The same for the same manager, so that what a process has left is found by the next one. */
function nameOf({ machineMark }: Marks, what: string): string {
  return `try-${hashLetters(`${machineMark}|${what}`, 7)}`;
}

function randomMac(): string {
  return `02:fc:${randomBytes(4).toString("hex").match(/../g)!.join(":")}`;
}
