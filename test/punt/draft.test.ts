// The desired state while it changes, and the writes of the store that it takes.
import test from "ava";
import { Draft, NOTHING } from "../../lib/punt/desired/draft.js";
import { Interconnects } from "../../lib/punt/desired/interconnects.js";
import { EmulatedHost, MemoryStore, type StoredState } from "../../lib/punt/index.js";
import { defaultMemifDirectory, marksFor, SubnetPool } from "../../lib/punt/interconnect/index.js";
import { parseRequest } from "../../lib/punt/request/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const pools = { 4: new SubnetPool("192.168.111.0/24", 4), 6: new SubnetPool("fd76:7070:6e74::/112", 6) };
const marks = marksFor("owner", defaultMemifDirectory("owner"), pools);

test("a state is the same object until it changes, and what was taken of it before stays", (t) => {
  const draft = new Draft(new EmulatedHost({ hostInterfaces: async () => [] }), marks, NOTHING);
  const request = (cnf: string) =>
    parseRequest({ type: "SPAN", cnf, interconnect: "TAP", vppInterface: "eth0", netns: { name: cnf } });
  const found = (cnf: string) => ({ path: `/run/netns/${cnf}` });
  const empty = draft.freeze();
  t.is(draft.freeze(), empty);
  draft.add(request("a"), found("a"));
  const one = draft.freeze();
  t.is(draft.freeze(), one);
  draft.put(parseRequest({ ...request("a"), vppInterface: "eth1" }), found("a"), "punt.apply");
  const other = draft.freeze();
  draft.add(request("b"), found("b"));
  const two = draft.freeze();
  draft.delete(request("b"));
  const left = draft.freeze();
  t.true(draft.dropNamespaces([]));
  t.deepEqual(
    [empty, one, other, two, left, draft.freeze()].map(({ interconnects, namespaces }) => [
      interconnects.map(({ vppSelector }) => vppSelector),
      namespaces.length,
    ]),
    [
      [[], 1],
      [["vpp/span/interface/eth0"], 2],
      [["vpp/span/interface/eth1"], 2],
      [["vpp/span/interface/eth1", "vpp/span/interface/eth0"], 3],
      [["vpp/span/interface/eth1"], 3],
      [["vpp/span/interface/eth1"], 2],
    ],
  );
});

test("an attempt that fails leaves the state as it was, with the changes since it was frozen", (t) => {
  const draft = new Draft(new EmulatedHost({ hostInterfaces: async () => [] }), marks, NOTHING);
  const request = (cnf: string, vppInterface: string) =>
    parseRequest({ type: "HAIRPIN", cnf, interconnect: "TAP", vppInterface, hairpinInterface: { name: cnf } });
  const found = { path: "" };
  draft.add(request("a", "eth0"), found);
  draft.add(request("b", "eth1"), found);
  draft.freeze();
  draft.add(request("c", "eth2"), found);
  draft.update(request("b", "eth3"), found);
  let before = draft;
  const fails = () =>
    draft.attempt(
      (attempted) => {
        attempted.delete(request("a", "eth0"));
        attempted.update(request("b", "eth0"), found);
        attempted.add(request("d", "eth2"), found);
      },
      (undone) => {
        before = undone;
      },
    );
  t.throws(fails, { code: "ERR_CONFLICT" });
  t.not(before, draft);
  const { punts, interconnects } = before.freeze();
  t.deepEqual(
    punts.map((punt) => `${punt.cnf} ${(punt as { vppInterface: string }).vppInterface}`),
    ["a eth0", "b eth3", "c eth2"],
  );
  t.deepEqual(interconnects.map(({ vppSelector }) => vppSelector).sort(), [
    ...["vpp/hairpin/interface/a", "vpp/hairpin/interface/b", "vpp/hairpin/interface/c"],
    ...["vpp/interface/eth0", "vpp/interface/eth2", "vpp/interface/eth3"],
  ]);
});

test.serial("a set costs no copy of the state: many sets in one turn are copied once, for the write", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const copy = Interconnects.prototype.copy;
  let copies = 0;
  Interconnects.prototype.copy = function (this: Interconnects) {
    copies++;
    return copy.call(this);
  };
  t.teardown(() => {
    Interconnects.prototype.copy = copy;
  });
  const cnfs = Array.from({ length: 40 }, (_, index) => `c${index}`);
  const span = { type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" } as const;
  const results = await Promise.all(cnfs.map((cnf) => it.manager.apply({ cnf, punts: [span] })));
  t.is(results.flatMap(({ added }) => added).length, 40);
  t.true(copies < 20, `${copies} copies`);
});

/** Counts what is saved. */
class CountingStore extends MemoryStore {
  saves = 0;

  override async save(state: StoredState): Promise<void> {
    this.saves++;
    await super.save(state);
  }
}

test("a punt that tells nothing new of VPP takes two writes: of the request, and of the claim before VPP is changed", async (t) => {
  const store = new CountingStore();
  const it = await managedVpp({ store });
  t.teardown(() => it.close());
  const add = async (port: number) => {
    const toHost = { af: "IPV4", protocol: "UDP", port } as const;
    const socketPath = `${it.directory}/sockets/dns.sock`;
    await it.manager.add(
      { type: "PUNT_TO_SOCKET", cnf: "dns", key: `${port}`, socketPath, toHost },
      { waitFor: "CREATED" },
    );
    await it.manager.resync();
  };
  await add(1053);
  const before = store.saves;
  await add(1054);
  t.is(store.saves - before, 2);
});
