// Makes VPP and Linux match the plan: reads, compares, performs the steps, and reads again until no step is left.
import { PuntError } from "../../errors.js";
import type { Host } from "../../host/index.js";
import type { Interconnect, Marks } from "../interconnect/index.js";
import {
  type Facts,
  isInDoubt,
  kindOf,
  localHandlerOf,
  type Note,
  type Notes,
  OLD_CLAIM,
  type Surroundings,
  type VppApi,
  withAddresses,
  withTable,
} from "../items/index.js";
import {
  type DryRun,
  dryRun,
  makePlan,
  type Plan,
  type Planner,
  type RestoredPunt,
  restoredBy,
  type Step,
  stillWanted,
  type Undone,
  type Wanted,
  withoutChanged,
} from "../plan/index.js";
import { handlerOf } from "../types/index.js";
import { type Expected, lacks } from "./expected.js";
import { holdRemovals, withoutHeld } from "./held.js";
import { isDisconnect } from "./look-errors.js";
import { observe, type ReadScope } from "./observe.js";
import type { Pace } from "./pace.js";
import type { Reborn } from "./reborn.js";
import { type Remains, reclaimed } from "./remains.js";
import type { Failure, Retries } from "./retries.js";
import { type Failures, type RunContext, run, type StepSpans } from "./run.js";
import type { Strays } from "./strays.js";
import type { VppDevices } from "./vpp-devices.js";

/** A step may lead to others: a punt may wait for an interface that another punt makes. Each round handles one such layer. */
const MOST_ROUNDS = 12;

/** VPP may change between two looks, or refuse a dump in several. */
const MOST_LOOKS = 4;

export interface Reconciled {
  readonly facts: Facts;
  /** The desired state that the plan is for. */
  readonly wanted: Wanted;
  /** The plan, without the punts that changed during the look: their state is not known yet. */
  readonly plan: Plan;
  /** Steps that are left, by key: held back after a failure, or failing. */
  readonly open: ReadonlyMap<string, Step>;
  readonly retries: Retries;
  /** The plan of `Ledger.leaving`. */
  readonly leaving?: Plan;
  /** Time of the next look at a punt that was refused, in milliseconds since the epoch. */
  readonly nextLook: number;
}

/** Knows the desired state, and takes the results. */
export interface Ledger {
  /** The desired state now. */
  readonly wanted: Wanted;
  /** The desired state with the punts that are deleted and were never planned, first. Undefined if there is none. */
  readonly leaving?: Wanted | undefined;
  /** The spans of the punts, for tracers. */
  readonly spans: StepSpans;
  /** Facts about our objects that VPP does not report. */
  readonly memory: { readonly claims: ReadonlyMap<string, string>; readonly notes: Notes };
  /** Stores claims on the objects that the next steps create, and forgets notes on the objects that they change. */
  remember(claims: ReadonlyMap<string, string>, changing: Iterable<string>): Promise<void>;
  /** Notes a setting that was applied. */
  note(key: string, value: Note): void;
  /** Notes why a step failed. */
  failed(key: string, failure: Failure): void;
  /** Called after each round: some punts are settled earlier than others. */
  settle(result: Reconciled): void;
}

export interface World {
  readonly vpp: VppApi;
  readonly host: Host;
  readonly marks: Marks;
  readonly strays: Strays;
  readonly retries: Retries;
  readonly devices: VppDevices;
  readonly expected: Expected;
  readonly remains: Remains;
  readonly pace: Pace;
  readonly planner: Planner;
  readonly reborn: Reborn;
  readonly undone: Undone;
  /**
   * Asks whether what the pass has read is of the VPP that is there.
   *
   * @throws PuntError `ERR_DISCONNECTED`: the connection was lost since the pass began
   */
  requireSameVpp(): void;
}

/**
 * Makes VPP and Linux match the desired state.
 *
 * @returns the last look, and what the pass has made again that others had undone
 * @throws PuntError if VPP cannot be read, or the store cannot be written
 */
export async function reconcile(ledger: Ledger, world: World): Promise<Reconciled & { restored: RestoredPunt[] }> {
  const done = new Map<string, number>();
  let restored: RestoredPunt[] = [];
  for (let round = 1; ; round++) {
    await world.devices.prepare(false);
    await world.devices.clean(ledger.wanted.namespaces.map(({ path }) => path));
    await world.devices.prepare(ledger.wanted.interconnects.some(({ type }) => type === "TAP"));
    const result = await lookAndKeep(ledger, world);
    const again = reclaimed(result, ledger, world);
    if (again.size > 0) {
      await ledger.remember(again, []);
      continue;
    }
    const open = [...result.open.values()];
    forgetSolved(world.retries, open);
    const record = { retries: world.retries, ledger, done };
    giveUp(open, record);
    holdRemovals(open, world.retries, result.facts);
    const due = withoutHeld(open, world, result.facts);
    ledger.settle(result);
    const { marks } = world;
    const claims = new Map([
      ...unclaimed(result, ledger, marks),
      ...settled(result, ledger, marks),
      ...claimsOf(due, marks),
    ]);
    await ledger.remember(
      claims,
      due.map(({ key }) => key),
    );
    const left = new Set(result.open.keys());
    if (due.length === 0) world.reborn.rebuilt(result.facts, (key) => left.has(key));
    if (due.length === 0 || round === MOST_ROUNDS) {
      world.undone.looked(result);
      return { ...result, restored };
    }
    const undone = round === 1 ? world.undone.among(due) : [];
    const failures = await run(due, result.facts, { ...contextOf(ledger, world, result.wanted), spans: ledger.spans });
    if (undone.length > 0) restored = restoredBy(undone, failures, result.wanted);
    for (const { key } of due) if (!failures.has(key)) left.delete(key);
    world.reborn.rebuilt(result.facts, (key) => left.has(key));
    world.expected.changed(due, failures);
    recordFailures(failures, due, record);
  }
}

/** Performs steps that no plan has. @throws PuntError the first failure */
export async function perform(
  steps: readonly Step[],
  facts: Facts,
  ledger: Pick<Ledger, "wanted" | "memory" | "note">,
  world: World,
): Promise<void> {
  const [failure] = (await run(steps, facts, contextOf(ledger, world, ledger.wanted))).values();
  if (failure) throw failure;
}

/** Looks as `look` does, and expects the next look to find the same. */
export async function lookAndKeep(ledger: Looked, world: World): Promise<Reconciled> {
  const result = await world.pace.during(() => look(ledger, world));
  world.requireSameVpp();
  world.expected.looked(result.facts);
  world.remains.looked(result.facts, result.plan);
  return result;
}

/** Reads and compares; changes nothing. What may be missing only from VPP's answers is read until a look lacks nothing of the one before. */
export async function look(ledger: Looked, world: World): Promise<Reconciled> {
  let result = await lookOnce(ledger, world);
  if (!isDoubtful(result, ledger, world.expected)) return result;
  for (let looks = 2; looks <= MOST_LOOKS; looks++) {
    const before = result.facts;
    result = await lookOnce(ledger, world);
    if (!lacks(result.facts, before)) break;
  }
  return result;
}

/** Looks, and returns what a manager would do. */
export async function preview(ledger: Looked, world: World): Promise<DryRun> {
  return dryRun(await look(ledger, world));
}

/**
 * Before the first steps no earlier look has told what is there. A punt may have been deleted during the look. A claim on an object that
 * is not there is forgotten, and with it that the object is ours.
 */
function isDoubtful({ facts, open }: Reconciled, ledger: Looked, expected: Expected): boolean {
  if (!expected.isUnknown) return expected.isMissingIn(facts);
  const isUnseen = (key: string) => key !== OLD_CLAIM && !facts.seen.has(key);
  return ledger.leaving !== undefined || open.size > 0 || [...ledger.memory.claims.keys()].some(isUnseen);
}

type Looked = Pick<Ledger, "wanted" | "leaving" | "memory">;

async function lookOnce(ledger: Looked, world: World): Promise<Reconciled> {
  const { wanted: before, leaving, memory } = ledger;
  const scope = scopeOf({ wanted: leaving ?? before, memory }, world.strays);
  const facts = await world.reborn.within(() => observe(surroundingsOf(ledger, world), scope));
  const wanted = stillWanted(before, ledger.wanted);
  const { plan, steps } = world.planner.plan(wanted, world.marks, facts, (seen) => world.remains.spares(seen));
  const open = new Map(steps.map((step) => [step.key, step]));
  return {
    ...{ facts, wanted, plan: withoutChanged(plan, wanted, ledger.wanted), open, retries: world.retries },
    nextLook: Date.now() + world.pace.interval,
    ...(leaving && { leaving: makePlan(leaving, world.marks, facts) }),
  };
}

function scopeOf({ wanted, memory }: Pick<Ledger, "wanted" | "memory">, strays: Strays): ReadScope {
  const { punts, interconnects, namespaces } = wanted;
  const { claims } = memory;
  const lenders = interconnects.flatMap(({ link }) => (link.form === "interface" ? (link.unnumberedTo ?? []) : []));
  const own = interconnects.filter(hasLayer3).map(({ name }) => name);
  const named = punts.flatMap(({ dependsOn = [] }) =>
    dependsOn.flatMap((dependency) =>
      dependency.kind === "address" || dependency.kind === "interface-in-vrf" ? dependency.name : [],
    ),
  );
  const containers = punts.flatMap(({ dependsOn = [] }) =>
    dependsOn.flatMap((dependency) => (dependency.kind === "container" ? dependency.name : [])),
  );
  // Claims outlive requests: what an earlier one has set is found there, and removed.
  const set = [...claims.keys()].flatMap((key) => withAddresses(key) ?? withTable(key) ?? []);
  return {
    interfaces: new Set([...lenders, ...own, ...named, ...set]),
    containers: new Set(containers),
    namespaces: strays.pathsWith(namespaces),
    expectedIn: expectedIn(interconnects, namespaces),
    multicast: punts.some((request) => handlerOf(request).readsMulticast?.(request)),
    bridges: punts.some((request) => handlerOf(request).readsBridges),
    localHandlers: new Set([
      ...punts.flatMap((request) => handlerOf(request).readsLocalHandlers?.(request) ?? []),
      ...[...claims.keys()].flatMap((key) => localHandlerOf(key) ?? []),
    ]),
  };
}

function expectedIn(
  interconnects: Wanted["interconnects"],
  namespaces: Wanted["namespaces"],
): ReadonlyMap<string, string> {
  const paths = new Map(namespaces.map(({ id, path }) => [id, path]));
  const taps = interconnects.filter(({ type }) => type === "TAP");
  return new Map(taps.map(({ name, netns = 0 }) => [name, paths.get(netns) ?? ""]));
}

function hasLayer3({ link }: Interconnect): boolean {
  if (link.form === "socket") return false;
  const { unnumberedTo, vrf, addresses, subnets, withDhcpClient } = link;
  return unnumberedTo !== undefined || vrf !== 0 || addresses.length > 0 || subnets.length > 0 || withDhcpClient;
}

function surroundingsOf({ memory }: Pick<Ledger, "memory">, { vpp, host, marks, devices }: World): Surroundings {
  return { vpp, host, marks, ways: devices, claims: memory.claims, notes: memory.notes };
}

function contextOf(ledger: Pick<Ledger, "memory" | "note">, world: World, wanted: Wanted): RunContext {
  const { interconnects, namespaces } = wanted;
  const secrets = new Map(interconnects.map(({ name, secret = "" }) => [name, secret]));
  const paths = world.strays.pathsWith(namespaces);
  return {
    ...surroundingsOf(ledger, world),
    note: (key, value) => ledger.note(key, value),
    namespace: (id) => paths.get(id) ?? "",
    secretOf: (name) => secrets.get(name) ?? "",
  };
}

/** Forgets failures of steps that are not open any more. An object that could not be made may be deleted at once. */
function forgetSolved(retries: Retries, open: readonly Step[]): void {
  const failed = retries.keys();
  if (failed.length === 0) return;
  const unsolved = new Map(open.map(({ key, action }) => [key, action === "delete"]));
  for (const key of failed) if (unsolved.get(key) !== retries.get(key)!.isDeletion) retries.succeeded(key);
}

/** Where the outcomes of steps are recorded. */
interface StepRecord {
  readonly retries: Retries;
  readonly ledger: Ledger;
  /** How often each step was done, by `doneKey`. */
  readonly done: Map<string, number>;
}

/** Number of times that a step may be due again right after it was done. After that, it counts as not kept by VPP. */
const MOST_REPEATS = 3;

function giveUp(steps: readonly Step[], record: StepRecord): void {
  for (const step of steps) {
    if ((record.done.get(doneKey(step)) ?? 0) >= MOST_REPEATS && !record.retries.isHeld(step.key))
      fail(step, notKept(step), record);
  }
}

function fail({ key, action }: Step, error: PuntError, { retries, ledger }: StepRecord): void {
  retries.failed(key, error, action === "delete");
  ledger.failed(key, retries.get(key)!);
}

function notKept({ key, why }: Step): PuntError {
  return new PuntError("punt.reconcile", "ERR_NOT_KEPT", `VPP confirmed ${key} and does not keep it: ${why}`, {
    item: key,
  });
}

function doneKey({ action, key }: Step): string {
  return `${action} ${key}`;
}

/** Returns claims on our objects that a store of an earlier version did not keep. */
function unclaimed({ facts, plan }: Reconciled, { memory }: Ledger, marks: Marks): [string, string][] {
  if (!memory.claims.has(OLD_CLAIM)) return [];
  return [...plan.items.values()].flatMap((item) => {
    const claim = kindOf(item).claim?.(item.value, marks);
    const isMissing = claim !== undefined && !memory.claims.has(item.key) && facts.seen.get(item.key)?.ours;
    return isMissing ? [[item.key, claim]] : [];
  });
}

/** Returns the claims on objects that a change has reached since. */
function settled({ facts, plan, open }: Reconciled, { memory }: Ledger, marks: Marks): [string, string][] {
  const claims: [string, string][] = [];
  for (const [key, before] of memory.claims) {
    if (!isInDoubt(before) || open.has(key) || !facts.seen.get(key)?.ours) continue;
    const item = plan.items.get(key);
    const claim = item && kindOf(item).claim?.(item.value, marks);
    if (claim !== undefined) claims.push([key, claim]);
  }
  return claims;
}

function claimsOf(steps: readonly Step[], marks: Marks): Map<string, string> {
  const claims = new Map<string, string>();
  for (const { item, key, seen } of steps) {
    const claim = item && kindOf(item).claim?.(item.value, marks, seen?.ours ? seen.value : undefined);
    if (claim !== undefined) claims.set(key, claim);
  }
  return claims;
}

/** @throws PuntError `ERR_DISCONNECTED`: a lost connection is not a failure of a step */
function recordFailures(failures: Failures, steps: readonly Step[], record: StepRecord): void {
  const { done } = record;
  let lost: PuntError | undefined;
  for (const step of steps) {
    const error = failures.get(step.key);
    if (isDisconnect(error)) lost = error;
    else if (error) fail(step, error, record);
    else done.set(doneKey(step), (done.get(doneKey(step)) ?? 0) + 1);
  }
  if (lost) throw lost;
}
