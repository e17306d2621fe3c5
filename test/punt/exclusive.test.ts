// Holders of things of which VPP keeps only one.
import test from "ava";
import { Exclusives } from "../../lib/punt/desired/exclusive.js";

interface Holder {
  readonly sharedAs?: string;
  readonly punt: string;
  readonly interconnect: string;
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state % below;
  };
}

test("in any history, a rival is a holder of another interconnect that does not share the thing", (t) => {
  const pick = random(11);
  const exclusives = new Exclusives();
  const holders = new Map<string, Holder>();
  let rivals = 0;
  for (let step = 0; step < 3000; step++) {
    const word = ["a", "b", undefined][pick(3)];
    const exclusive = { key: "port 67", ...(word !== undefined && { sharedAs: word }) };
    const interconnect = `i${pick(3)}`;
    const isRival = (holder: Holder) =>
      holder.interconnect !== interconnect && (word === undefined || holder.sharedAs !== word);
    const expected = [...holders.values()].filter(isRival).map(({ punt }) => punt);
    const found = exclusives.rival(exclusive, interconnect);
    t.is(found !== undefined, expected.length > 0, `step ${step}`);
    if (found !== undefined) {
      rivals++;
      t.true(expected.includes(found));
    }
    const punt = `p${pick(8)}`;
    const before = holders.get(punt);
    if (before) exclusives.remove({ key: "port 67", ...before }, punt);
    holders.delete(punt);
    if (pick(3) === 0) continue;
    exclusives.put(exclusive, punt, interconnect);
    holders.set(punt, { ...exclusive, punt, interconnect });
  }
  t.true(rivals > 100 && rivals < 2900, `${rivals}`);
  for (const [punt, holder] of holders) exclusives.remove({ key: "port 67", ...holder }, punt);
  t.is(exclusives.rival({ key: "port 67" }, "none"), undefined);
});
