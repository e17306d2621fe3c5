// Where a frame of the program leaves: by which interconnect of the punt, and at a punt socket by which interface of VPP.
import { PuntError } from "../errors.js";
import { withoutEthernet } from "../net/index.js";
import { show } from "../options.js";
import { type PuntStatus, reachOf } from "../punt/index.js";
import type { SendOptions } from "./open-options.js";
import type { InterfaceNames, SendPlace } from "./ports.js";

/** The VPP interface that each interconnect stands for. Empty for a punt socket and for a VRF. */
export function interfaceNamesOf({ request }: PuntStatus): readonly string[] {
  const { interfaces, newInterfaces = [] } = reachOf(request);
  return [...interfaces, ...newInterfaces];
}

/** Tells whether an interconnect is a punt socket. */
export function isSocket({ metadata }: PuntStatus, interconnect: number): boolean {
  return metadata.interconnects[interconnect]?.attachment.kind === "af-unix";
}

/**
 * Returns the place that the options name; undefined where it is not known yet, or not while VPP is away.
 *
 * @throws PuntError ERR_NO_INTERFACE: neither VPP nor the punt has the interface, or it takes no frames; ERR_NO_PORT: the punt has no such
 *   interconnect, or a frame to a punt socket names no interface
 */
export function placeOf(punt: PuntStatus, to: SendOptions, interfaces: InterfaceNames): SendPlace | undefined {
  if (punt.metadata.interconnects.length === 0) return undefined;
  const { interface: name, interconnect } = to;
  if (interconnect !== undefined) checkInterconnect(punt, interconnect);
  const found = name === undefined ? undefined : interfaces.find(name);
  if (isSocket(punt, interconnect ?? 0)) {
    if (name === undefined) throw noPort("a frame needs the interface that it leaves by (option interface)");
    const problem = withoutEthernet(name, found?.mac);
    if (problem !== undefined) throw noInterface(name, problem);
    if (found) return { interconnect: interconnect ?? 0, swIfIndex: found.swIfIndex };
    if (interfaces.size === 0) return undefined;
    throw noInterface(name, `VPP has no interface ${name}`);
  }
  if (interconnect !== undefined || name === undefined) return { interconnect: interconnect ?? 0 };
  const names = interfaceNamesOf(punt);
  // The request may have its tag.
  const isIt = (own: string) => own === name || (found && interfaces.find(own)?.swIfIndex === found.swIfIndex);
  const index = names.findIndex(isIt);
  if (index >= 0) return { interconnect: index };
  if (interfaces.size === 0) return undefined;
  const others = names.length === 0 ? "" : `, but for ${names.join(" and ")}`;
  throw noInterface(name, `no interconnect of the punt stands for interface ${name}${others}`);
}

function checkInterconnect({ metadata: { interconnects } }: PuntStatus, index: number): void {
  if (Number.isInteger(index) && index in interconnects) return;
  throw noPort(`the punt has no interconnect ${show(index)}: it has ${interconnects.length}, numbered from 0`);
}

function noPort(message: string): PuntError {
  return new PuntError("cnf.send", "ERR_NO_PORT", message);
}

function noInterface(name: string, message: string): PuntError {
  return new PuntError("cnf.send", "ERR_NO_INTERFACE", message, { interface: name });
}
