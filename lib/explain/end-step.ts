// The step of an interconnect's end: a program of the CNF is there.
import type { Facts, PuntStatus } from "../punt/index.js";
import { interconnectStep } from "./interface-step.js";
import { socketStep } from "./socket-step.js";
import type { Step } from "./steps.js";

type Interconnect = PuntStatus["metadata"]["interconnects"][number];

/** Returns the step of the CNF's end of an interconnect. */
export function endStep({ attachment, vppInterface }: Interconnect, facts: Facts): Step {
  if (attachment.kind === "af-unix") return socketStep(attachment.path);
  const where = attachment.kind === "memif" ? attachment.socket : placeOfTap(attachment);
  return interconnectStep(vppInterface!.name, attachment.kind, where, facts);
}

function placeOfTap({ name, namespace }: { readonly name: string; readonly namespace: string }): string {
  return `${name}${namespace === "" ? "" : ` in ${namespace}`}`;
}
