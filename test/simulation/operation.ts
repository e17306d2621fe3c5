// The operations of a simulated history, at random.
import fc from "fast-check";
import type { FaultAction } from "../../lib/sim/index.js";
import { type PuntChoice, puntChoice } from "../stress/choice.js";
import { puntTypes } from "../support/punt/punts.js";
import { CALLS, type Call } from "./sockets/index.js";

/** Virtual milliseconds until the operation. */
interface Timed {
  readonly after: number;
}

export type Action =
  | { readonly op: "add" | "delete"; readonly punt: PuntChoice; readonly owner: number }
  /** All punts of a CNF are replaced. */
  | { readonly op: "apply"; readonly cnf: number; readonly punts: readonly PuntChoice[]; readonly owner: number }
  /** A watcher of a CNF, or of all, begins; or a watcher goes on where its watch ended. */
  | { readonly op: "watch"; readonly cnf: number | undefined; readonly owner: number }
  | { readonly op: "watch-again"; readonly nth: number }
  /** The program of a CNF opens its session, loses its stream, or adds a punt that lives as long as the session. */
  | { readonly op: "connect"; readonly grace: number }
  | { readonly op: "disconnect" }
  | { readonly op: "add-own"; readonly punt: PuntChoice }
  /** A module starts with its wish, in a session or for good; its process dies, to come again or not, or ends in order; its line breaks. */
  | {
      readonly op: "module";
      readonly which: number;
      readonly punt: PuntChoice;
      readonly grace: number | undefined;
      readonly frames: boolean;
      readonly paths: boolean;
    }
  /** The process of a module dies, and the next one has another request, in a session as before or for good. */
  | {
      readonly op: "module-upgrade";
      readonly which: number;
      readonly punt: PuntChoice;
      readonly isForGood: boolean;
      readonly down: number;
    }
  | { readonly op: "module-kill"; readonly which: number; readonly down: number | undefined }
  | { readonly op: "module-close"; readonly which: number }
  | { readonly op: "module-cut"; readonly which: number }
  | { readonly op: "module-stop"; readonly which: number; readonly ms: number }
  /** Another program deletes the punt of a module. */
  | { readonly op: "module-delete"; readonly which: number }
  /** A program that manages VPP itself opens or closes a punt, or its process dies. */
  | { readonly op: "own-open"; readonly nth: number; readonly punt: PuntChoice; readonly frames: boolean }
  | { readonly op: "own-close"; readonly nth: number }
  | { readonly op: "own-kill"; readonly down: number }
  /** VPP ends the connection of a memif. */
  | { readonly op: "hang-up"; readonly nth: number }
  /** Calls of the kernel fail for daemons and modules; the file of a punt socket is removed; strangers connect to attach.sock, and say nothing. */
  | { readonly op: "refuse"; readonly call: Call; readonly times: number }
  | { readonly op: "remove-socket"; readonly nth: number }
  | { readonly op: "silent"; readonly clients: number; readonly ms: number }
  | { readonly op: "up"; readonly card: string; readonly up: boolean }
  | { readonly op: "address"; readonly card: string; readonly prefix: number; readonly present: boolean }
  | { readonly op: "loopback"; readonly instance: number; readonly present: boolean }
  /** The operator undoes or alters by hand what a manager has configured in VPP. */
  | { readonly op: "undo"; readonly nth: number }
  | { readonly op: "kill"; readonly owner: number; readonly down: number }
  | { readonly op: "restart"; readonly owner: number }
  | Return
  | { readonly op: "crash-vpp"; readonly down: number }
  /** The namespace of the CNFs goes away, and another one comes at its path. */
  | { readonly op: "namespace"; readonly down: number }
  | { readonly op: "stop"; readonly party: number; readonly ms: number }
  | { readonly op: "cut" }
  | { readonly op: "clock"; readonly ms: number }
  | { readonly op: "disk"; readonly owner: number; readonly times: number }
  | { readonly op: "kernel"; readonly owner: number; readonly times: number }
  | { readonly op: "fault"; readonly message: string; readonly action: FaultAction; readonly nth: number };

/** A manager dies and returns. VPP refuses dumps of its first looks, and some of its punts are deleted at once. */
export interface Return {
  readonly op: "return";
  readonly owner: number;
  readonly down: number;
  readonly refused: readonly { readonly message: string; readonly nth: number }[];
  /** Places in the list of the punts that the manager has then, modulo its length. */
  readonly deleted: readonly number[];
}

export type Step = Action & Timed;

export const CARDS = ["if0", "if1", "if2", "if3", "if4", "if5"];
/** Owners of the managers. Most operations are the first one's. */
export const OWNERS = ["vpp-punt", "other"];
/** Types of which two owners can have punts on one interface, as indexes. */
const SHAREABLE = [puntTypes.indexOf("SPAN"), puntTypes.indexOf("ABX")];

const FAULT_MESSAGES = [
  ...["*", "*", "*", "memif_create_v2", "tap_create_v3", "sw_interface_tag_add_del", "sw_interface_set_flags"],
  ...["acl_add_replace", "abx_policy_add_del", "sw_interface_set_l2_xconnect", "sw_interface_span_enable_disable"],
  ...["memif_delete", "tap_delete_v2", "acl_del", "sw_interface_set_unnumbered", "punt_socket_register"],
  ...["punt_socket_deregister", "dhcp_proxy_config", "sw_interface_dump", "isisx_connection_add_del", "cli_inband"],
];

const FAULT_ACTIONS: readonly FaultAction[] = [
  { kind: "refuse", error: "UNSPECIFIED" },
  { kind: "refuse", error: "NO_SUCH_ENTRY" },
  { kind: "delay", ms: 30 },
  { kind: "delay", ms: 1_500 },
  { kind: "lose-reply" },
  { kind: "lose-request" },
  { kind: "answer-twice" },
  { kind: "cut" },
  { kind: "cut-request" },
  { kind: "crash" },
];

/** VPP answers a dump that it refuses as if there were nothing. */
const REFUSED_DUMPS = [
  ...["sw_interface_dump", "memif_dump", "sw_interface_tap_v2_dump", "acl_dump", "abx_policy_dump", "l2_xconnect_dump"],
  ...["abx_interface_attach_dump", "sw_interface_span_dump", "isisx_connection_dump", "dhcp_proxy_dump"],
  ...["punt_socket_dump", "proxy_arp_dump", "memif_socket_filename_dump", "ip_address_dump"],
];

/** Dumps of what a punt leaves in VPP if its deletion does not see it. */
const TELLING_DUMPS = [
  ...["punt_socket_dump", "dhcp_proxy_dump", "abx_interface_attach_dump", "l2_xconnect_dump", "sw_interface_dump"],
  ...["isisx_connection_dump", "sw_interface_span_dump"],
];

const anyOwner = fc.constantFrom(0, 0, 0, 1);

/** The second owner has only types that two owners can have on one interface. */
const owned = fc.tuple(puntChoice, anyOwner).map(([punt, owner]) => {
  return { punt: owner === 0 ? punt : { ...punt, type: SHAREABLE[punt.type % SHAREABLE.length]! }, owner };
});

function choice<T extends Action["op"], F>(
  weight: number,
  op: T,
  fields: { [name in keyof F]: fc.Arbitrary<F[name]> },
) {
  return { weight, arbitrary: fc.record({ op: fc.constant(op), ...fields }) as unknown as fc.Arbitrary<Action> };
}

/** Strikes at VPP, Linux and the clock, whoever manages the VPP. */
export const plainChoices = [
  choice(1, "up", { card: fc.constantFrom(...CARDS), up: fc.boolean() }),
  choice(4, "address", {
    ...{ card: fc.constantFrom("if0", "if2", "if4", "loop0"), prefix: fc.nat({ max: 2 }), present: fc.boolean() },
  }),
  choice(3, "loopback", { instance: fc.nat({ max: 1 }), present: fc.boolean() }),
  choice(4, "undo", { nth: fc.nat({ max: 60 }) }),
  choice(2, "crash-vpp", { down: fc.nat({ max: 500 }) }),
  choice(3, "cut", {}),
  choice(1, "clock", { ms: fc.constantFrom(-86_400_000, 86_400_000) }),
  choice(1, "kernel", { owner: anyOwner, times: fc.integer({ min: 1, max: 3 }) }),
  choice(5, "fault", {
    message: fc.constantFrom(...FAULT_MESSAGES),
    action: fc.constantFrom(...FAULT_ACTIONS),
    nth: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 60 })),
  }),
  choice(4, "fault", {
    message: fc.constantFrom(...REFUSED_DUMPS),
    action: fc.constant<FaultAction>({ kind: "refuse", error: "UNSPECIFIED" }),
    nth: fc.integer({ min: 1, max: 8 }),
  }),
];

function namespaceChoice(weight: number) {
  return choice(weight, "namespace", { down: fc.constantFrom(0, 0, 20, 3_000) });
}

/** Punts that are made without an address, whose ends are memifs and punt sockets. */
const SIMPLE = (["PUNT_TO_SOCKET", "PUNT_TO_SOCKET", "HAIRPIN_XCONNECT", "SPAN"] as const).map((type) =>
  puntTypes.indexOf(type),
);
export const simplePunt = fc.record({
  ...{ type: fc.constantFrom(...SIMPLE), cnf: fc.constant(0), interconnect: fc.constantFrom("MEMIF", "MEMIF", "TAP") },
  ...{ subject: fc.nat({ max: 2 }), netns: fc.boolean(), family: fc.constant("IPV4") },
} as const);

export function moduleChoice(weight: number, punt: fc.Arbitrary<PuntChoice>) {
  return choice(weight, "module", {
    ...{ which: fc.nat({ max: 1 }), punt, grace: fc.constantFrom(undefined, 0, 100, 1_500) },
    ...{ frames: fc.boolean(), paths: fc.constantFrom(false, false, false, true) },
  });
}

const anyModule = { which: fc.nat({ max: 1 }) };

const shareablePunt = puntChoice.map((punt) => ({ ...punt, type: SHAREABLE[punt.type % SHAREABLE.length]! }));

function upgradeChoice(weight: number, punt: fc.Arbitrary<PuntChoice>) {
  const how = { isForGood: fc.boolean(), down: fc.constantFrom(0, 0, 50, 2_000) };
  return choice(weight, "module-upgrade", { ...anyModule, punt, ...how });
}

/** Operations on modules and on the ends that they open. */
export const moduleActions = [
  choice(1, "module-kill", { ...anyModule, down: fc.constantFrom(undefined, 0, 0, 50) }),
  upgradeChoice(2, simplePunt),
  choice(1, "module-close", anyModule),
  choice(1, "module-cut", anyModule),
  choice(1, "module-delete", anyModule),
  choice(5, "module-stop", { ...anyModule, ms: fc.constantFrom(50, 6_000, 6_000) }),
  choice(9, "refuse", {
    ...{ call: fc.constantFrom(...CALLS, "pass", "given", "receive"), times: fc.integer({ min: 1, max: 3 }) },
  }),
  choice(1, "remove-socket", { nth: fc.nat({ max: 3 }) }),
  choice(2, "silent", { clients: fc.constantFrom(1, 1, 1, 70), ms: fc.constantFrom(500, 60_000) }),
  choice(4, "hang-up", { nth: fc.nat({ max: 3 }) }),
  namespaceChoice(3),
];

/** Of histories of modules alone. */
const moduleAction: fc.Arbitrary<Action> = fc.oneof(
  ...moduleActions,
  choice(2, "kill", { owner: fc.constant(0), down: fc.nat({ max: 300 }) }),
  choice(1, "restart", { owner: fc.constant(0) }),
  choice(2, "crash-vpp", { down: fc.nat({ max: 500 }) }),
  choice(1, "stop", { party: fc.nat({ max: 1 }), ms: fc.constantFrom(50, 2_000, 12_000) }),
);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 20, arbitrary: owned.map((fields): Action => ({ op: "add", ...fields })) },
  { weight: 9, arbitrary: owned.map((fields): Action => ({ op: "delete", ...fields })) },
  choice(3, "apply", { cnf: fc.nat({ max: 2 }), punts: fc.array(puntChoice, { maxLength: 4 }), owner: fc.constant(0) }),
  choice(2, "watch", { cnf: fc.constantFrom(undefined, 0, 1, 2), owner: anyOwner }),
  choice(1, "watch-again", { nth: fc.nat({ max: 3 }) }),
  choice(3, "connect", { grace: fc.constantFrom(0, 100, 1_500) }),
  choice(2, "disconnect", {}),
  choice(4, "add-own", { punt: puntChoice }),
  moduleChoice(4, puntChoice),
  choice(2, "module-kill", { which: fc.nat({ max: 1 }), down: fc.constantFrom(undefined, 0, 50, 2_000) }),
  upgradeChoice(2, puntChoice),
  choice(5, "own-open", { nth: fc.nat({ max: 1 }), punt: shareablePunt, frames: fc.boolean() }),
  choice(4, "own-close", { nth: fc.nat({ max: 1 }) }),
  choice(1, "own-kill", { down: fc.constantFrom(0, 50, 2_000) }),
  choice(1, "module-close", { which: fc.nat({ max: 1 }) }),
  choice(2, "module-cut", { which: fc.nat({ max: 1 }) }),
  choice(1, "refuse", { call: fc.constantFrom(...CALLS), times: fc.integer({ min: 1, max: 3 }) }),
  choice(3, "kill", { owner: anyOwner, down: fc.nat({ max: 300 }) }),
  choice(1, "restart", { owner: anyOwner }),
  choice(6, "return", {
    ...{ owner: anyOwner, down: fc.nat({ max: 100 }) },
    // At most one look of each kind: nobody can tell two equal refusals from the truth.
    refused: fc.uniqueArray(fc.record({ message: fc.constantFrom(...TELLING_DUMPS), nth: fc.constantFrom(1, 2) }), {
      minLength: 1,
      maxLength: 3,
      selector: ({ message }) => message,
    }),
    deleted: fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 3 }),
  }),
  choice(1, "stop", { party: fc.nat({ max: 2 }), ms: fc.constantFrom(50, 2_000, 12_000) }),
  namespaceChoice(1),
  choice(2, "disk", { owner: anyOwner, times: fc.integer({ min: 1, max: 3 }) }),
  ...plainChoices,
);

/** Often within the time of one message, so that operations meet in the middle of each other. */
const after = fc.oneof(fc.constant(0), fc.nat({ max: 5 }), fc.nat({ max: 60 }), fc.nat({ max: 1_000 }));

function stepOf(each: fc.Arbitrary<Action>): fc.Arbitrary<Step> {
  return fc.tuple(each, after).map(([fields, ms]): Step => ({ ...fields, after: ms }));
}

function stepsOf(each: fc.Arbitrary<Action>, length: fc.ArrayConstraints): fc.Arbitrary<Step[]> {
  return fc.array(stepOf(each), { ...length, size: "max" });
}

/** Two modules begin, and there are no other punts. */
const modulesAlone = fc
  .tuple(
    stepOf(moduleChoice(1, simplePunt).arbitrary),
    stepOf(moduleChoice(1, simplePunt).arbitrary),
    stepsOf(moduleAction, { minLength: 4, maxLength: 15 }),
  )
  .map(([first, second, others]) => [{ ...first, which: 0 }, { ...second, which: 1 }, ...others] as Step[]);

/** Every fourth history is one of modules alone. */
export const steps: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 3, arbitrary: stepsOf(action, { minLength: 1, maxLength: 30 }) },
  { weight: 1, arbitrary: modulesAlone },
);
