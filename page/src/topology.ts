// The topology: VPP's interfaces, the punts and the CNFs, and the ways between them. Pure: the same punts give the same drawing.
import type { VppInterface } from "../../lib/wire/gen/vpp_punt/v1/punts_pb.js";
import type { Punt } from "./punt.js";
import { SIGNS, STATES, type StateName } from "./text.js";

export type PlaceKind = "interface" | "stack" | "punt" | "cnf" | "more";

/** A box of the drawing. */
export interface Place {
  readonly id: string;
  readonly kind: PlaceKind;
  readonly title: string;
  readonly note: string;
  /** The gravest state of its punts; undefined where it has none. */
  readonly state: StateName | undefined;
  /** VPP lacks the interface, or it is down. */
  readonly isOff: boolean;
  readonly punts: readonly Punt[];
}

/** A way between two boxes. */
export interface Way {
  readonly from: string;
  readonly to: string;
  /** The interconnect, on the way to a CNF. */
  readonly label: string;
  readonly state: StateName;
  readonly punts: readonly Punt[];
}

export interface Topology {
  readonly places: readonly Place[];
  readonly ways: readonly Way[];
  /** Says which punts share a box; "" where each has its own. */
  readonly note: string;
}

/** The number of boxes that can still be read. */
const MOST_BOXES = 24;
/** Interfaces without punts that are drawn. */
const MOST_IDLE = 8;
const STACK = "stack";

type Interfaces = readonly VppInterface[] | undefined;

/** Returns the drawing of punts. `interfaces`: the interfaces of VPP; undefined where that is not known. */
export function topologyOf(punts: readonly Punt[], interfaces: Interfaces): Topology {
  const { groups, note } = grouped(punts);
  const places = new Map<string, Place>();
  const put = (place: Place) => {
    const known = places.get(place.id);
    const all = [...(known?.punts ?? []), ...place.punts];
    places.set(place.id, { ...place, punts: all, state: gravest(all) });
  };
  const ends = new Set(punts.flatMap((punt) => punt.ends.map(({ name }) => name)));
  const ways: Way[] = [];
  for (const { id, title, cnf, punts: own } of groups) {
    put({ id, kind: "punt", title, note: countText(own), isOff: false, punts: own, state: undefined });
    put({ id: cnf.id, kind: cnf.kind, title: cnf.title, note: cnf.note, isOff: false, punts: own, state: undefined });
    for (const [source, its] of bySource(own)) {
      put(source === STACK ? stack(its) : interfacePlace(source, interfaces, its));
      ways.push({ from: sourceId(source), to: id, label: "", state: gravest(its)!, punts: its });
    }
    ways.push({ from: id, to: cnf.id, label: endsText(own), state: gravest(own)!, punts: own });
  }
  const idle = (interfaces ?? []).filter(
    ({ name, tag }) => !places.has(sourceId(name)) && !ends.has(tag) && !places.has(sourceId(tag)),
  );
  for (const { name } of idle.filter(({ name }) => name !== "local0").slice(0, MOST_IDLE))
    put(interfacePlace(name, interfaces, []));
  return { places: [...places.values()].map(noted), ways, note };
}

/** Punts that have one box. */
interface Group {
  readonly id: string;
  readonly title: string;
  readonly cnf: { readonly id: string; readonly kind: PlaceKind; readonly title: string; readonly note: string };
  readonly punts: readonly Punt[];
}

/** Draws each punt alone, or those of a CNF together that are alike, or all of a CNF, or of all CNFs but the first. */
function grouped(punts: readonly Punt[]): { readonly groups: readonly Group[]; readonly note: string } {
  const keys = [
    { key: ({ key }: Punt) => key, note: "" },
    {
      key: ({ id, type, places }: Punt) => [id.cnf, type, ...places].join(" "),
      note: "Punts of a CNF that are alike are drawn together.",
    },
    { key: ({ id }: Punt) => id.cnf, note: "All punts of a CNF are drawn together." },
  ];
  for (const { key, note } of keys) {
    const found = Map.groupBy(punts, key);
    if (found.size <= MOST_BOXES) return { groups: [...found.values()].map((own) => groupOf(own)), note };
  }
  const cnfs = [...Map.groupBy(punts, ({ id }) => id.cnf).values()].sort(
    (a, b) => gravityOf(a) - gravityOf(b) || b.length - a.length,
  );
  const rest = cnfs.slice(MOST_BOXES - 1);
  const more = `${rest.length} more CNFs`;
  const note = `The ${MOST_BOXES - 1} CNFs with the gravest states, and the others in one box: the filter narrows the drawing.`;
  return { groups: [...cnfs.slice(0, MOST_BOXES - 1).map((own) => groupOf(own)), groupOf(rest.flat(), more)], note };
}

function groupOf(punts: readonly Punt[], more?: string): Group {
  const [first] = punts as [Punt];
  const types = [...new Set(punts.map(({ type }) => type))];
  const { cnf, key, label } = first.id;
  const item = punts.length === 1 ? [key, label].filter(Boolean).join("/") : "";
  const title = types.length > 2 ? `${types.length} types` : [types.join(", "), item].filter(Boolean).join(" ");
  const netns = [...new Set(punts.map((punt) => punt.netns).filter(Boolean))].join(", ");
  const note = netns === "" ? "" : `netns ${netns}`;
  const named =
    more === undefined
      ? { id: `cnf ${cnf}`, kind: "cnf", title: cnf, note }
      : { id: "more", kind: "more", title: more, note: "" };
  return { id: `punt ${first.key}`, title, cnf: named as Group["cnf"], punts };
}

/** Returns the note of a box with one punt: its name; of one with more, their states. */
function countText(punts: readonly Punt[]): string {
  const [first] = punts;
  if (punts.length === 1) return `${SIGNS[first!.state]} ${first!.state}`;
  const counts = STATES.map((state) => [state, punts.filter((punt) => punt.state === state).length] as const);
  return counts.flatMap(([state, count]) => (count === 0 ? [] : [`${SIGNS[state]} ${count}`])).join("  ");
}

function endsText(punts: readonly Punt[]): string {
  const ends = punts.flatMap((punt) => punt.ends);
  const types = [...new Set(ends.map(({ type }) => type))].join(", ");
  if (ends.length > 1) return `${types} ×${ends.length}`;
  const name = ends[0]?.name ?? "";
  return name.startsWith("/") ? types : `${types} ${name}`;
}

function bySource(punts: readonly Punt[]): Map<string, Punt[]> {
  const found = new Map<string, Punt[]>();
  for (const punt of punts)
    for (const source of punt.places.length === 0 ? [STACK] : punt.places)
      found.set(source, [...(found.get(source) ?? []), punt]);
  return found;
}

function sourceId(name: string): string {
  return name === STACK ? STACK : `interface ${name}`;
}

function stack(punts: readonly Punt[]): Place {
  return { id: STACK, kind: "stack", title: "VPP's own stack", note: "", isOff: false, punts, state: undefined };
}

/** Returns the packets that the punts of the stack take. */
function mattersText(punts: readonly Punt[]): string {
  const matters = [...new Set(punts.map(({ matter }) => matter).filter(Boolean))];
  return matters.length > 3 ? `${matters.length} kinds of packets` : matters.join(", ");
}

/** A request names an interface by its tag, or by VPP's own name. */
function interfacePlace(name: string, interfaces: Interfaces, punts: readonly Punt[]): Place {
  const place = { id: sourceId(name), kind: "interface", title: name, punts, state: undefined } as const;
  if (interfaces === undefined) return { ...place, note: "", isOff: false };
  const found = interfaces.find((each) => each.tag === name) ?? interfaces.find((each) => each.name === name);
  const alias = found && found.name !== name ? `${found.name}, ` : "";
  const note = found === undefined ? "✕ VPP lacks it" : `${alias}${found.up ? "▲ up" : "▽ down"}`;
  return { ...place, note, isOff: !found?.up };
}

function noted(place: Place): Place {
  if (place.kind === "stack") return { ...place, note: mattersText(place.punts) };
  if (place.kind !== "cnf" || place.punts.length < 2) return place;
  return { ...place, note: [`${place.punts.length} punts`, place.note].filter(Boolean).join(", ") };
}

function gravest(punts: readonly Punt[]): StateName | undefined {
  return STATES.find((state) => punts.some((punt) => punt.state === state));
}

function gravityOf(punts: readonly Punt[]): number {
  return STATES.indexOf(gravest(punts)!);
}
