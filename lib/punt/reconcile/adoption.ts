// Looks for objects of another manager that punts want, and deletes those in whose place ours are.
import { type Facts, outgrown, readTapMacs, type Take, takesFor } from "../items/index.js";
import { dryRun, makePlan, type PlannedPunt, type PlannedStep, type Step, type Wanted } from "../plan/index.js";
import { type Ledger, look, perform, type World } from "./reconciler.js";

/** An object in VPP that another manager made. */
export interface TakenObject {
  /** The item, such as `interface/tap-ddwpw`. */
  readonly item: string;
  /** The facts by which it is known, for people. */
  readonly known: string;
}

/** The objects that are, or were, taken over. */
export interface Adoption {
  /** Objects that become this manager's and stay as they are. */
  readonly taken: readonly TakenObject[];
  /** Objects that are deleted after this manager has made its own in their place. */
  readonly replaced: readonly TakenObject[];
  /** The other steps in VPP and Linux. */
  readonly steps: readonly PlannedStep[];
  /** The state that each punt would have once it is done. */
  readonly punts: readonly PlannedPunt[];
}

/** An adoption that was sought and not done. */
export interface Sought {
  readonly adoption: Adoption;
  /** The claims that make the objects ours. */
  readonly claims: ReadonlyMap<string, string>;
  /** Names of the interconnects. */
  readonly names: ReadonlySet<string>;
}

/** Reads VPP and finds what the punts can take over; changes nothing. */
export async function seek({ wanted, memory }: Pick<Ledger, "wanted" | "memory">, world: World): Promise<Sought> {
  const names = new Set(wanted.interconnects.map(({ name }) => name).filter((name) => name !== ""));
  const { devices, vpp } = world;
  await devices.prepare(false);
  const taps = await readTapMacs(vpp);
  if (taps.size > 0) devices.sawTap();
  const { facts } = await look({ wanted, memory }, world);
  const ideal = makePlan(wanted, world.marks, withoutRivals(facts, names));
  const takes = takesFor(ideal.items.values(), facts, world.marks, taps);
  const claims = new Map(takes.map(({ key, claim }) => [key, claim]));
  const ours = { claims: new Map([...memory.claims, ...claims]), notes: memory.notes };
  // Compared as if the objects were ours already.
  const after = await look({ wanted, memory: ours }, world);
  const { steps, punts } = dryRun(after);
  const replaced = replacedIn(after.facts, names);
  return { adoption: { taken: takes.map(shown), replaced, steps, punts }, claims, names };
}

/** Returns the facts without the objects of others that have the names of interconnects. */
function withoutRivals(facts: Facts, names: ReadonlySet<string>): Facts {
  return {
    ...facts,
    interfaces: facts.interfaces.filter(({ ours, tag }) => ours || !names.has(tag)),
    seen: new Map([...facts.seen].filter(([, seen]) => seen.ours)),
  };
}

function shown({ key, known }: Take): TakenObject {
  return { item: key, known };
}

function replacedIn(facts: Facts, names: ReadonlySet<string>): TakenObject[] {
  return outgrown(facts, names).map(({ key, value }) => ({ item: key, known: JSON.stringify(value) }));
}

const NO_PUNTS: Wanted = {
  punts: [],
  interconnects: [],
  namespaces: [],
  namespacePath: () => "",
  interconnectsOf: () => [],
  requestOf: () => undefined,
};

/** Deletes the objects of another manager in whose place ours are. @throws PuntError of VPP */
export async function removeOutgrown({ names, claims }: Sought, world: World): Promise<void> {
  const ledger = { wanted: NO_PUNTS, memory: { claims, notes: new Map() }, note: () => {} };
  const { facts } = await look(ledger, world);
  const gone = outgrown(facts, names);
  const steps: Step[] = gone.map((seen) => ({ action: "delete", key: seen.key, seen, why: "ours is in its place" }));
  const seen = new Map([...facts.seen, ...gone.map((object) => [object.key, object] as const)]);
  await perform(steps, { ...facts, seen }, ledger, world);
}
