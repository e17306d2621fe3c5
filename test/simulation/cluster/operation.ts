// The operations of a simulated history of a host's daemons, at random.
import fc from "fast-check";
import { type PuntChoice, puntChoice } from "../../stress/choice.js";
import type { ModuleAction } from "../module/modules.js";
import { moduleActions, moduleChoice, type Action as PlainAction, plainChoices, simplePunt } from "../operation.js";
import type { Snapshot } from "./etcd-model.js";
import type { CallFault } from "./etcd-process.js";
import type { Call } from "./wishes.js";

/** The most daemons of the host. Most histories have one less. */
export const DAEMONS = 3;
/** The operator's place among the ways to etcd. */
export const OPERATOR = DAEMONS;

/** Folders of etcd that a daemon follows. */
export type Folder = "wanted" | "state" | "leader";

/** How the daemons that do not act hear of a punt before one of them takes over. */
export type News = Folder | "again";

export type Action =
  /** `via`: the daemon that is asked, or the operator's own way through etcd. */
  | { readonly op: Call; readonly punt: PuntChoice; readonly via: number }
  /** All punts of a CNF are replaced. */
  | { readonly op: "apply"; readonly cnf: number; readonly punts: readonly PuntChoice[]; readonly via: number }
  /** Someone watches a CNF, or all; or one of those who do begins again where its watch ended. */
  | { readonly op: "watch"; readonly cnf: number | undefined; readonly via: number }
  | { readonly op: "watch-again"; readonly nth: number }
  /** A program writes a request to etcd itself, or removes one of those that are there. */
  | { readonly op: "wish"; readonly punt: PuntChoice }
  | { readonly op: "unwish"; readonly nth: number }
  /** A program writes a request, and removes it so many ms later, or the other way round. */
  | { readonly op: "waver"; readonly punt: PuntChoice; readonly isThere: boolean; readonly ms: number }
  | { readonly op: "kill"; readonly daemon: number; readonly down: number }
  | { readonly op: "restart"; readonly daemon: number }
  /** A party is stopped, as by SIGSTOP: a daemon, VPP, or etcd. */
  | { readonly op: "stop"; readonly party: number; readonly ms: number }
  /** The daemon that changes VPP or Linux for the nth time from now is stopped, or dies: `ms` is 0. */
  | { readonly op: "strike"; readonly nth: number; readonly ms: number }
  /** The daemon that acts is cut off from etcd; VPP crashes so many ms later, and its punts have to be made again. */
  | { readonly op: "partition"; readonly ms: number; readonly crash: number }
  | { readonly op: "etcd-cut"; readonly place: number; readonly ms: number; readonly isReset: boolean }
  /** The events of one folder's watches are late, or those of all. */
  | { readonly op: "etcd-late"; readonly place: number; readonly folder: Folder | "all"; readonly ms: number }
  /** For some time, each read takes up to `ms`. */
  | { readonly op: "etcd-slow"; readonly place: number; readonly ms: number }
  /** The daemon that acts takes a punt, and gives the lead up so many ms later; the others hear late of one folder, or read all again. */
  | {
      readonly op: "handover";
      readonly punt: PuntChoice;
      readonly isDeleted: boolean;
      readonly news: News;
      readonly ms: number;
    }
  | { readonly op: "etcd-fault"; readonly place: number; readonly fault: CallFault; readonly nth: number }
  | { readonly op: "etcd-restart"; readonly down: number }
  | { readonly op: "compact" }
  | Restoration
  /** The operator of a cluster whose daemons have stopped for another history decides. */
  | { readonly op: "resume"; readonly keep: "etcd" | "daemon" }
  /** The daemon that acts takes a punt; the operator deletes the leader's key so many ms later, and the daemon hears late of that. */
  | { readonly op: "depose"; readonly punt: PuntChoice; readonly ms: number }
  /** A module dies for good, and so many ms later the daemon that acts, or the other way round: another daemon has the module's session. */
  | {
      readonly op: "orphan";
      readonly which: number;
      readonly isFirst: boolean;
      readonly ms: number;
      readonly down: number;
    }
  /** The daemon that acts is asked, and its next write of etcd gets no answer in time. */
  | { readonly op: "unanswered"; readonly call: Call; readonly punt: PuntChoice; readonly fault: CallFault }
  | ModuleAction
  | Extract<
      PlainAction,
      { op: "namespace" | "up" | "address" | "loopback" | "undo" | "crash-vpp" | "cut" | "clock" | "kernel" | "fault" }
    >;

/** etcd is stopped, and a snapshot of so many revisions ago restored. */
export interface Restoration extends Snapshot {
  readonly op: "restore";
  readonly down: number;
}

export type Step = Action & { readonly after: number };

const CALL_FAULTS: readonly CallFault[] = [
  ...(["lose-request", "lose-answer", "lose-answer", "late", "late", "refuse"] as const),
  ...(["die-before", "die-after", "die-after"] as const),
];

const daemon = fc.nat({ max: DAEMONS - 1 });
const place = fc.nat({ max: OPERATOR });
const via = fc.constantFrom(...Array.from({ length: DAEMONS }, (_, index) => index), OPERATOR);
const anyFolder = fc.constantFrom<Folder | "all">("wanted", "state", "leader", "all", "all");
const asked = { punt: puntChoice, via };

function choice<T extends Action["op"], F>(
  weight: number,
  op: T,
  fields: { [name in keyof F]: fc.Arbitrary<F[name]> },
) {
  return { weight, arbitrary: fc.record({ op: fc.constant(op), ...fields }) as unknown as fc.Arbitrary<Action> };
}

/** Operations on modules and on the ends that they open. */
const ofModules = fc.oneof(
  ...(moduleActions as { weight: number; arbitrary: fc.Arbitrary<Action> }[]),
  choice(3, "orphan", {
    ...{ which: fc.nat({ max: 1 }), isFirst: fc.boolean(), ms: fc.nat({ max: 200 }) },
    down: fc.constantFrom(100, 3_000, 20_000),
  }),
);

const actions: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Action> }[] = [
  choice(20, "add", asked),
  choice(5, "update", asked),
  choice(9, "delete", asked),
  choice(3, "apply", { cnf: fc.nat({ max: 2 }), punts: fc.array(puntChoice, { maxLength: 4 }), via }),
  choice(2, "watch", { cnf: fc.constantFrom(undefined, 0, 1, 2), via }),
  choice(1, "watch-again", { nth: fc.nat({ max: 3 }) }),
  choice(3, "wish", { punt: puntChoice }),
  choice(4, "unwish", { nth: fc.nat({ max: 9 }) }),
  choice(4, "waver", { punt: puntChoice, isThere: fc.boolean(), ms: fc.nat({ max: 30 }) }),
  choice(5, "kill", { daemon, down: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 8_000 })) }),
  choice(2, "restart", { daemon }),
  choice(3, "stop", { party: fc.nat({ max: DAEMONS + 1 }), ms: fc.constantFrom(50, 1_500, 4_000, 12_000) }),
  choice(10, "strike", { nth: fc.integer({ min: 1, max: 8 }), ms: fc.constantFrom(0, 5_500, 5_500, 12_000) }),
  choice(4, "partition", { ms: fc.constantFrom(4_000, 9_000), crash: fc.integer({ min: 1_000, max: 8_000 }) }),
  choice(4, "etcd-cut", { place, ms: fc.constantFrom(20, 900, 4_000, 9_000), isReset: fc.boolean() }),
  choice(3, "etcd-late", { place, folder: anyFolder, ms: fc.constantFrom(100, 1_000, 5_000) }),
  choice(1, "etcd-slow", { place, ms: fc.constantFrom(20, 400) }),
  choice(4, "handover", {
    ...{ punt: puntChoice, isDeleted: fc.boolean(), ms: fc.constantFrom(0, 100, 1_500) },
    news: fc.constantFrom<News>("wanted", "state", "state", "again", "again"),
  }),
  choice(12, "etcd-fault", { place, fault: fc.constantFrom(...CALL_FAULTS), nth: fc.integer({ min: 1, max: 8 }) }),
  choice(1, "etcd-restart", { down: fc.constantFrom(20, 1_500) }),
  choice(2, "compact", {}),
  choice(3, "restore", {
    ...{ revisions: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 20 }), fc.nat({ max: 120 })) },
    ...{ isAhead: fc.boolean(), isNewCluster: fc.constantFrom(false, false, true) },
    // A lease of etcd ends in the longer ones: then another daemon may take the lead. In the shorter ones the daemon that acts goes on.
    down: fc.constantFrom(20, 400, 1_500, 3_000, 5_000, 9_000),
  }),
  choice(2, "resume", { keep: fc.constantFrom<"etcd" | "daemon">("etcd", "daemon") }),
  choice(3, "depose", { punt: puntChoice, ms: fc.nat({ max: 120 }) }),
  choice(3, "unanswered", {
    ...{ call: fc.constantFrom<Call>("add", "update", "delete"), punt: puntChoice },
    fault: fc.constantFrom<CallFault>("lose-answer", "late"),
  }),
  ...(plainChoices as { weight: number; arbitrary: fc.Arbitrary<Action> }[]),
  moduleChoice(3, puntChoice) as { weight: number; arbitrary: fc.Arbitrary<Action> },
  { weight: 3, arbitrary: ofModules },
];

/** Often within the time of one message; sometimes long enough for a lease to end. */
const after = fc.oneof(
  fc.constant(0),
  fc.nat({ max: 5 }),
  fc.nat({ max: 60 }),
  fc.nat({ max: 1_000 }),
  fc.nat({ max: 7_000 }),
);

function stepOf(each: fc.Arbitrary<Action>): fc.Arbitrary<Step> {
  return fc.tuple(each, after).map(([fields, ms]): Step => ({ ...fields, after: ms }));
}

function begun(which: number): fc.Arbitrary<Step> {
  return stepOf(moduleChoice(1, simplePunt).arbitrary as fc.Arbitrary<Action>).map((step) => ({ ...step, which }));
}

/** Modules begin, and much of what happens then is about them. */
const modulesFirst = fc
  .tuple(
    begun(0),
    begun(1),
    fc.array(stepOf(fc.oneof({ weight: 1, arbitrary: ofModules }, { weight: 1, arbitrary: fc.oneof(...actions) })), {
      ...{ minLength: 4, maxLength: 20, size: "max" },
    }),
  )
  .map(([first, second, others]) => [first, second, ...others]);

export const steps: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 5, arbitrary: fc.array(stepOf(fc.oneof(...actions)), { minLength: 1, maxLength: 30, size: "max" }) },
  { weight: 1, arbitrary: modulesFirst },
);
