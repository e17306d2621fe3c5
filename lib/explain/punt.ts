// Why packets reach a punt's CNF or not: every place on their way, from the interface to the program.
import { DROPPED, type PuntCounters, type VppCounters } from "../counters/index.js";
import {
  type DryRun,
  factsOf,
  failureText,
  idKey,
  isMade,
  type PuntId,
  type PuntStatus,
  reachOf,
  type VppApi,
} from "../punt/index.js";
import { endStep } from "./end-step.js";
import { interfaceStep } from "./interface-step.js";
import { fault, ok, type Step, unknown, warning } from "./steps.js";

/** The input of an explanation. */
export interface PuntSources {
  readonly vpp: VppApi;
  readonly status: PuntStatus;
  /** The steps that a manager would do for the punt now (`dueFor`); undefined where that is not known. */
  readonly due?: readonly { readonly action: string; readonly item: string; readonly why: string }[];
  /** VPP's counters; undefined where they cannot be read. */
  readonly counters?: VppCounters;
  /** Tells whether an explanation may name an interface of VPP. Left out: any. */
  readonly isShown?: (vppName: string) => boolean;
}

/** Returns the steps of a plan that are for the punt. */
export function dueFor(id: PuntId, { steps }: DryRun): NonNullable<PuntSources["due"]> {
  return steps.filter(({ punts }) => punts.some((each) => idKey(each) === idKey(id)));
}

/** Returns the steps of a packet's way to the CNF. The first fault is where it ends. */
export async function explainPunt({ vpp, status, due, counters, isShown }: PuntSources): Promise<Step[]> {
  const { interfaces } = reachOf(status.request);
  const facts = await factsOf(vpp, interfaces);
  return [
    ...interfaces.map((name) => interfaceStep(name, facts, isShown)),
    ...stateSteps(status),
    ...(due !== undefined && isMade(status.state) ? [itemsStep(due)] : []),
    ...status.metadata.interconnects.map((interconnect) => endStep(interconnect, facts)),
    ...(counters === undefined
      ? [unknown("counters", "VPP's statistics cannot be read")]
      : countersSteps(status, counters)),
  ];
}

function stateSteps({ state, missing, reasons, failure, metadata }: PuntStatus): Step[] {
  const place = "punt";
  if (state === "FAILED" && failure)
    return [fault(place, `FAILED: ${failureText(failure)} (${failure.code})`, "`vpp-punt show` has advice")];
  if (state === "PENDING") return [fault(place, `PENDING: it waits for ${missing.map(({ text }) => text).join(", ")}`)];
  if (state === "INIT") return [fault(place, "INIT: no manager has looked at it yet", "wait, or start a manager")];
  if (state === "DEGRADED") return reasons.map(({ text, remedy }) => warning(place, `DEGRADED: ${text}`, remedy));
  return [ok(place, `${state}: VPP has every object of it`), ...metadata.caveats.map((text) => ok("remark", text))];
}

function itemsStep(due: NonNullable<PuntSources["due"]>): Step {
  if (due.length === 0) return ok("objects in VPP", "all are there, and as the punt wants them");
  const list = due.map(({ action, item, why }) => `${action} ${item} (${why})`).join("; ");
  return fault("objects in VPP", `a manager has work to do: ${list}`, "`vpp-punt watch`, or a daemon, repairs it");
}

function countersSteps({ id, metadata }: PuntStatus, counters: VppCounters): Step[] {
  const own = counters.punts.find((each) => idKey(each.id) === idKey(id));
  const steps = (own?.interconnects ?? []).map(countersStep);
  const hasSocket = metadata.interconnects.some(({ attachment }) => attachment.kind === "af-unix");
  return hasSocket ? [...steps, socketCounters(counters)] : steps;
}

const TOO_SLOW = "the CNF is too slow, or was not there: a larger ringSize, or more queues";

function countersStep({ interface: name, toCnf, fromCnf, drops }: PuntCounters["interconnects"][number]): Step {
  const place = `counters of ${name}`;
  const passed = `${toCnf.packets} ${toCnf.packets === 1 ? "packet" : "packets"} to the CNF, ${fromCnf.packets} from it`;
  const lost = Object.entries(drops);
  if (lost.length === 0) return ok(place, passed);
  const list = lost.map(([cause, count]) => `${count} lost: ${cause}`).join(", ");
  const remedies = [
    ...(lost.some(([cause]) => cause !== DROPPED) ? [TOO_SLOW] : []),
    ...(DROPPED in drops ? ["VPP dropped packets that came from the CNF: `vppctl show errors` says why"] : []),
  ];
  return warning(place, `${passed}; ${list}`, remedies.join("; "));
}

/** VPP counts the packets of all punt sockets together. */
function socketCounters({ sockets }: VppCounters): Step {
  const place = "counters of all punt sockets";
  const lost = Object.entries(sockets).filter(([name]) => /error/i.test(name));
  const text = Object.entries(sockets).map(([name, count]) => `${name} ${count}`);
  if (lost.length === 0) return ok(place, text.join(", ") || "no packet yet");
  return warning(place, text.join(", "), "a queue was full (net.unix.max_dgram_qlen), or a CNF was not there");
}
