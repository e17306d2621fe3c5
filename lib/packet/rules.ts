// Filters inside of ports: rules that native code applies to each burst before JavaScript sees it.
import { type NativeMatcher, type NativeRules, native } from "../native.js";
import { OptionCheck } from "../options.js";
import { PacketFilter } from "./filter.js";
import { type FlowTable, type MacTable, MatchTable, type VlanTable } from "./match-table.js";

/**
 * What a rule does with a packet: `"deliver"` gives it to the handler; `"pass"` sends it to the other port of a forwarder, and the handler
 * doesn't see it; `"drop"` drops it; `"count"` counts it and leaves the decision to the rules below.
 */
export type FilterAction = "deliver" | "pass" | "drop" | "count";

/** A table, by its keys. */
export type AnyTable = FlowTable | MacTable | VlanTable;

/** A rule: which packets, and what becomes of them. */
export interface FilterRule {
  /** A filter: the rule takes the packets that match it. A table: the rule takes the packets whose key is in it. Default: all packets. */
  readonly match?: PacketFilter | AnyTable;
  readonly action: FilterAction;
}

/** The filter of a port. A `PacketFilter` delivers the packets that it takes, and drops the others. */
export type PortFilter = PacketFilter | PacketRules;

/** Packets that a rule has taken, and their bytes. */
export interface RuleCount {
  packets: number;
  bytes: number;
}

/** By their numbers in native/filter/rules.h. */
const ACTIONS: readonly FilterAction[] = ["deliver", "pass", "drop", "count"];

/** Most rules of one filter. */
const MAX_RULES = 256;

/**
 * Rules that native code applies to the packets of a port, in their order. The first rule that takes a packet decides about it. A packet
 * that no rule decides about is delivered.
 *
 * Several ports of one thread may share the rules; their counts are then sums.
 * @example
 * ```ts
 * import { forward, Memif, PacketFilter, PacketRules } from "vpp-punt";
 *
 * const open = (id: number) => Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id });
 * const filter = new PacketRules([
 *   { match: PacketFilter.compile("tcp port 23"), action: "drop" },
 *   { match: PacketFilter.compile("udp port 53"), action: "deliver" },
 *   { action: "pass" },
 * ]);
 * // The handler sees DNS alone.
 * forward(open(0), open(1), (batch) => console.log(batch.length), { filter });
 * ```
 */
export class PacketRules {
  /** @internal */
  readonly native: NativeRules;
  /** @internal Whether a rule passes packets on, which only a forwarder does. */
  readonly passes: boolean;
  readonly #counts: Float64Array;

  /**
   * @throws PuntError ERR_OPTION: `details.option` names the rule that is wrong
   * @example
   * ```ts
   * import { Memif, PacketFilter, PacketRules } from "vpp-punt";
   *
   * const rules = new PacketRules([{ match: PacketFilter.compile("ip6"), action: "count" }, { action: "drop" }]);
   * const port = Memif.open({ role: "client", socket: "/run/vpp/memif.sock", id: 1, filter: rules });
   * port.receive(() => {});
   * console.log(rules.counts()[0]!.packets);
   * ```
   */
  constructor(rules: readonly FilterRule[]) {
    const check = new OptionCheck("filter.rules");
    const checked = check.list("rules", rules).map((rule, i) => checkRule(check, `rules[${i}]`, rule));
    if (checked.length > MAX_RULES) check.refuse("rules", `must be at most ${MAX_RULES}; got ${checked.length}`);
    this.passes = checked.some(({ action }) => action === "pass");
    const actions = Uint8Array.from(checked, ({ action }) => ACTIONS.indexOf(action));
    this.native = native.rulesOpen(
      checked.map(({ matcher }) => matcher),
      actions,
    );
    this.#counts = new Float64Array(2 * checked.length);
  }

  /** Returns how many packets each rule has taken, in the order of the rules. */
  counts(): RuleCount[] {
    const cells = this.#counts;
    this.native.counts(cells);
    return Array.from({ length: cells.length / 2 }, (_, i) => ({ packets: cells[2 * i]!, bytes: cells[2 * i + 1]! }));
  }
}

function checkRule(
  check: OptionCheck,
  option: string,
  rule: unknown,
): { matcher: NativeMatcher | undefined; action: FilterAction } {
  check.known(rule, ["match", "action"], option);
  const { match, action } = rule as FilterRule;
  const known = check.oneOf(`${option}.action`, action, ACTIONS);
  if (match === undefined) return { matcher: undefined, action: known };
  if (!(match instanceof PacketFilter || match instanceof MatchTable)) {
    return check.refuse(`${option}.match`, "must be a PacketFilter or a table");
  }
  return { matcher: match.matcher, action: known };
}

/** @internal Checks the option `filter` of a port. Returns the rules for native code. @throws PuntError ERR_OPTION */
export function checkFilter(check: OptionCheck, filter: unknown, mayPass = false): NativeRules | undefined {
  if (filter === undefined) return undefined;
  if (filter instanceof PacketFilter) {
    return new PacketRules([{ match: filter, action: "deliver" }, { action: "drop" }]).native;
  }
  if (!(filter instanceof PacketRules)) return check.refuse("filter", "must be a PacketFilter or PacketRules");
  if (filter.passes && !mayPass) check.refuse("filter", 'has a rule with the action "pass", which is for forward');
  return filter.native;
}
