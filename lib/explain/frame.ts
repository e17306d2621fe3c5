// Which punts take a frame that VPP receives on an interface, and why the others do not.
import { PuntError } from "../errors.js";
import { describeFrame, headersOf } from "../packet/index.js";
import {
  type Facts,
  factsOf,
  idText,
  isMade,
  type PuntId,
  type PuntStatus,
  type ReceivedFrame,
  STAGES,
  type Taking,
  takingOf,
  type VppApi,
} from "../punt/index.js";
import { endStep } from "./end-step.js";
import { interfaceStep } from "./interface-step.js";
import { inputFault, localFault } from "./ip-faults.js";
import { fault, ok, type Step } from "./steps.js";

/** A frame, and the interface of VPP that receives it. */
export interface FrameOn {
  readonly frame: Uint8Array;
  /** Name or tag. */
  readonly interface: string;
}

/** The treatment of a frame on account of one punt. */
export interface PuntTaking extends Pick<Taking, "stage" | "treatment" | "why"> {
  readonly id: PuntId;
}

/** The end of the interconnect that a punt's packets of one interface go to. */
export interface PuntEnd extends Step {
  readonly id: PuntId;
}

/** The explanation of a frame. */
export interface FrameExplanation {
  readonly text: string;
  /** VPP's own name of the interface. */
  readonly interface: string;
  /** The steps before the punts: the interface, and whether VPP takes the frame in. */
  readonly steps: readonly Step[];
  /** All punts, in the order in which the frame comes to them. */
  readonly punts: readonly PuntTaking[];
  /** The punts that get the frame: copies first, then the punt that takes it. */
  readonly reaches: readonly PuntId[];
  /** The CNF's end of each of these punts. At a fault, no program gets the frame. */
  readonly ends: readonly PuntEnd[];
}

/** Reads VPP's treatment of frames: one look serves any number of them. @throws PuntError */
export async function frameFacts(vpp: VppApi): Promise<Facts> {
  const details = await vpp.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  return factsOf(
    vpp,
    details.map(({ interface_name }) => interface_name),
  );
}

/**
 * Returns the treatment of a frame. `isShown` tells whether the explanation may name an interface of VPP; the others look absent.
 *
 * @throws PuntError ERR_INVALID_PACKET: it is not a frame; ERR_NO_INTERFACE: VPP has no such interface
 */
export function explainFrame(
  facts: Facts,
  statuses: readonly PuntStatus[],
  { frame, interface: name }: FrameOn,
  isShown: (vppName: string) => boolean = () => true,
): FrameExplanation {
  const headers = headersOf(frame);
  if (headers === undefined)
    throw new PuntError("explain.frame", "ERR_INVALID_PACKET", `${frame.length} bytes are not an Ethernet frame`);
  const on = facts.interface(name);
  if (on === undefined || !isShown(on.vppName)) {
    const names = facts.interfaces.flatMap(({ vppName }) => (isShown(vppName) ? vppName : [])).join(", ");
    const message = `VPP has no interface ${name}; it has ${names || "none"}`;
    throw new PuntError("explain.frame", "ERR_NO_INTERFACE", message, { name });
  }
  const received: ReceivedFrame = { ...headers, on };
  const steps = [interfaceStep(name, facts), ...ipSteps(received, frame)];
  const all = statuses.map((status) => takingBy(status, received, facts)).sort((a, b) => rank(a) - rank(b));
  const punts = onTheWay(all, steps, received.ip && localFault(frame, received.ip));
  const reaches = punts.filter(({ treatment }) => treatment === "copy" || treatment === "taken").map(({ id }) => id);
  const ends = reaches.flatMap((id) => endsOf(statuses.find((each) => each.id === id)!, on.vppName, facts));
  return { text: describeFrame(frame), interface: on.vppName, steps, punts, reaches, ends };
}

/** An interconnect that is for one of several interfaces has the interface's name in its selector. */
function endsOf({ id, metadata }: PuntStatus, vppName: string, facts: Facts): PuntEnd[] {
  const { interconnects } = metadata;
  const own = interconnects.filter(({ vppSelector }) => facts.interface(vppSelector)?.vppName === vppName);
  return (own.length > 0 ? own : interconnects).map((each) => ({ id, ...endStep(each, facts) }));
}

function rank({ stage }: PuntTaking): number {
  return STAGES.indexOf(stage);
}

function takingBy({ id, request, state }: PuntStatus, frame: ReceivedFrame, facts: Facts): PuntTaking {
  const taking = takingOf(request, frame, facts);
  if (isMade(state) || taking.treatment === "passed") return { id, ...taking };
  return { id, stage: taking.stage, treatment: "passed", why: `the punt is ${state}: VPP does not have it` };
}

/** The steps of VPP's IP layer. Copies and cross-connects come before it, and see every frame. */
function ipSteps({ destinationMac, isGroup, vlan, on, ip }: ReceivedFrame, frame: Uint8Array): Step[] {
  const wrong = ip && inputFault(frame, ip);
  return [
    ...(isGroup ? [] : macStep(destinationMac, on)),
    ...vlanStep(vlan, on),
    ...(wrong === undefined
      ? []
      : [fault("IP header", `its header is wrong for VPP's IP layer, which drops it (${wrong})`)]),
  ];
}

function macStep(destinationMac: string, on: ReceivedFrame["on"]): Step[] {
  if (destinationMac === on.mac) return [ok("MAC address", `the frame is for ${destinationMac}, which ${on.id} has`)];
  return [
    fault(
      "MAC address",
      `the frame is for ${destinationMac}, and ${on.id} has ${on.mac}: VPP's IP layer drops it (l3 mac mismatch)`,
    ),
  ];
}

/** VPP takes a frame with the tag of VLAN 0, which has a priority alone, for one without a tag. */
function vlanStep(vlan: number | undefined, { id, isSub }: ReceivedFrame["on"]): Step[] {
  if (!vlan || isSub) return [];
  const fact = `the frame is of VLAN ${vlan}: it goes to the sub-interface of ${id} for that VLAN, and VPP drops it where there is none (unknown vlan)`;
  return [fault("VLAN", fact, "name the sub-interface in place of the interface")];
}

/**
 * Once a punt takes a frame, the punts after it do not see it. A frame that VPP drops comes to none of the later stages. `wrong`: why VPP
 * does not take the packet for its own, after the features of the interface.
 */
function onTheWay(
  punts: readonly PuntTaking[],
  [link, ...ip]: readonly Step[],
  wrong: string | undefined,
): PuntTaking[] {
  const isUnseen = link?.verdict === "fault";
  const dropped = ip.find(({ verdict }) => verdict === "fault")?.fact;
  const notTaken = dropped ?? (wrong && `VPP drops it before its own protocols (${wrong})`);
  let taker: string | undefined;
  return punts.map((punt) => {
    if (punt.treatment === "passed") return punt;
    const byStage = { device: undefined, wire: undefined, feature: dropped, local: notTaken }[punt.stage];
    const lost = isUnseen ? "the interface does not receive it" : byStage;
    const why = lost ?? (taker === undefined ? undefined : `${taker} has taken it before`);
    if (why !== undefined) return { ...punt, treatment: "passed", why };
    if (punt.treatment === "taken") taker = idText(punt.id);
    return punt;
  });
}
