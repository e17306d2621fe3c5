// Free numbers and subnets.
import test from "ava";
import fc from "fast-check";
import { PuntError } from "../../lib/errors.js";
import { LowestFree } from "../../lib/lowest-free.js";
import { contains, parsePrefix } from "../../lib/net/index.js";
import { SubnetPool } from "../../lib/punt/interconnect/allocate.js";

function inUse(...numbers: number[]): LowestFree {
  const all = new LowestFree();
  for (const number of numbers) all.take(number);
  return all;
}

test("the lowest free number is found after any sequence of additions and deletions", (t) => {
  const change = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const numbers = new LowestFree(1);
      const model = new Set<number>();
      for (const [isAdded, number] of changes) {
        if (isAdded) numbers.take(number);
        else numbers.release(number);
        if (isAdded) model.add(number);
        else model.delete(number);
        let expected = 1;
        while (model.has(expected)) expected++;
        t.is(numbers.lowest(), expected);
      }
    }),
  );
});

test("subnets are /30 of the network, VPP first", (t) => {
  const pool = new SubnetPool("192.168.111.0/24", 4);
  t.is(pool.size, 64);
  t.deepEqual(pool.subnet(0), { vpp: "192.168.111.1/30", cnf: "192.168.111.2/30" });
  t.deepEqual(pool.subnet(63), { vpp: "192.168.111.253/30", cnf: "192.168.111.254/30" });
});

test("IPv6 subnets are /126", (t) => {
  const pool = new SubnetPool("fd00::/64", 6);
  t.deepEqual(pool.subnet(1), { vpp: "fd00::5/126", cnf: "fd00::6/126" });
});

test("a free number is used again, and a full pool throws ERR_POOL_EXHAUSTED", (t) => {
  const pool = new SubnetPool("10.0.0.0/29", 4);
  t.is(pool.allocate(inUse()), 0);
  t.is(pool.allocate(inUse(0)), 1);
  t.is(pool.allocate(inUse(1)), 0);
  const error = t.throws(() => pool.allocate(inUse(0, 1)), { instanceOf: PuntError });
  t.is(error.code, "ERR_POOL_EXHAUSTED");
  t.regex(error.message, /10\.0\.0\.0\/29/);
});

test("networks too small or of the other family are refused", (t) => {
  for (const cidr of ["10.0.0.0/31", "fd00::/64", "10.0.0.0", "x"]) {
    t.is(t.throws(() => new SubnetPool(cidr, 4), { instanceOf: PuntError }).code, "ERR_INVALID_CIDR");
  }
});

test("an allocated pair is recognized, and lies in its network", (t) => {
  const pool = new SubnetPool("172.16.0.0/16", 4);
  const bare = (prefix: string) => prefix.split("/")[0];
  fc.assert(
    fc.property(fc.nat({ max: pool.size - 1 }), (index) => {
      const { vpp, cnf } = pool.subnet(index);
      t.true(pool.isPair(bare(vpp), bare(cnf)));
      t.false(pool.isPair(bare(cnf), bare(vpp)));
      t.true(contains(parsePrefix("172.16.0.0/16")!, bare(cnf)));
    }),
  );
  t.false(pool.isPair("172.16.0.1", "172.16.0.6"));
  t.false(pool.isPair("10.0.0.1", "10.0.0.2"));
});
