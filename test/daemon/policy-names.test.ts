// Names that look like allowed ones, and other names of allowed things: a policy compares VPP's own names, letter by letter.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { matches } from "../../lib/daemon/policy/judge.js";
import type { RemotePunts } from "../../lib/module/remote/index.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { daemonTest, type Someone } from "../support/daemon/daemon.js";

const ALICE: Someone = { pid: 0, uid: 2001, gid: 2001 };

/** Names that people take for the first one of their row. */
const ALIKE: Readonly<Record<string, readonly [name: string, ...others: string[]]>> = {
  "letters that are composed or not (NFC and NFD)": ["caf\u00e9", "cafe\u0301"],
  "the Kelvin sign and the Angstrom sign (NFKC)": ["K\u00c5", "\u212a\u212b"],
  "ligatures and full-width letters": ["fib0", "\ufb01b0", "\uff46ib0", "fib\uff10"],
  "characters of no width": [
    "eth0",
    "eth\u200b0",
    "eth0\u200d",
    "\ufeffeth0",
    "et\u00adh0",
    "eth0\u2060",
    "eth0\ufe0f",
  ],
  "letters of another script": ["eth0", "\u0435th0", "et\u04bb0", "eth\u041e", "eth\u03bf"],
  "the order of reading": ["eth0", "\u202e0hte", "eth\u20660", "\u200eeth0"],
  "the case of letters": ["eth0", "Eth0", "ETH0"],
  "spaces and controls": ["eth0", "eth0 ", " eth0", "eth0\u00a0", "eth0\n", "eth0\u0000", "eth\t0"],
};

for (const [how, [name, ...others]] of Object.entries(ALIKE))
  test(`a name is not another one: ${how}`, (t) => {
    t.true(matches(name, name));
    for (const other of others) {
      t.false(matches(name, other), JSON.stringify(other));
      t.false(matches(other, name), JSON.stringify(other));
    }
  });

test("`?` is one character as Unicode counts them, and `*` any", (t) => {
  t.true(matches("eth?", "eth\u{1f310}"));
  t.false(matches("eth?", "eth0\u0301"));
  t.false(matches("eth?", "eth0\u200b"));
  t.true(matches("eth*", "eth0\u200b\n"));
});

test("a long name against many stars costs no more than their lengths", (t) => {
  const slashes = "/".repeat(4_000);
  t.false(matches("/run/*/*/*/*/x", `/run/${slashes}`));
  t.true(matches("/run/*/*/*/*/x", `/run/${slashes}x`));
});

const span = (cnf: string, vppInterface: string, key = "") =>
  ({ cnf, key, type: "SPAN", interconnect: "MEMIF", vppInterface }) as const;

/** A daemon with that rule for Alice, and a client of its VPP. */
async function ruled(t: ExecutionContext, rule: string): Promise<{ alice: RemotePunts; client: Vpp }> {
  const place = await daemonTest(t);
  const policy = join(place.directory, "policy.yaml");
  await writeFile(policy, `rules:\n  - { name: alice, match: { uid: 2001 }, ${rule} }\n`);
  await place.restart({ policy });
  const client = await Vpp.connect({ socketPath: place.vpp.apiSocket });
  t.teardown(() => client.close());
  return { alice: await place.connect(ALICE), client };
}

async function tag(client: Vpp, sw_if_index: number, text: string): Promise<void> {
  await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: text });
}

async function indexOf(client: Vpp, name: string): Promise<number> {
  const found = await client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  return found.find((it) => it.interface_name === name)!.sw_if_index;
}

test("a CNF and an interface whose names look allowed are refused by the daemon, or are not names", async (t) => {
  const { alice } = await ruled(t, "cnfs: cafe, interfaces: eth0");
  t.is((await alice.add(span("cafe", "eth0"), { waitFor: "CREATED" })).state, "CREATED");
  const refused = { code: /^ERR_(POLICY|INVALID_REQUEST)$/ };
  const code = async (request: PuntRequestInput) =>
    (await t.throwsAsync<Error & { code: string }>(alice.add(request)))!.code;
  for (const cnf of ["cafe\u0301", "cafe\u200b", "c\u0430fe", "CAFE", "\uff43afe", "\u202eefac"])
    t.regex(await code(span(cnf, "eth0", "x")), refused.code, JSON.stringify(cnf));
  for (const others of Object.values(ALIKE))
    for (const name of others[0] === "eth0" ? others.slice(1) : [])
      t.regex(await code(span("cafe", name, "x")), refused.code, JSON.stringify(name));
  t.is((await alice.list()).length, 1);
});

test("an interface has one name for a policy: its tag reaches what its name may, and allows nothing by itself", async (t) => {
  const { alice, client } = await ruled(t, "cnfs: a, interfaces: [eth0, uplink]");
  await tag(client, await indexOf(client, "eth0"), "lan");
  await tag(client, await indexOf(client, "eth1"), "uplink");
  t.is((await alice.add(span("a", "lan", "by-tag"), { waitFor: "CREATED" })).request.type, "SPAN");
  t.is((await alice.add(span("a", "eth0", "by-name"), { waitFor: "CREATED" })).request.type, "SPAN");
  const message = /the interface that VPP calls by the tag uplink is not among eth0, uplink/;
  await t.throwsAsync(alice.add(span("a", "uplink")), { code: "ERR_POLICY", message });
  await t.throwsAsync(alice.add(span("a", "eth1")), { code: "ERR_POLICY", message: /eth1 is not among/ });
});

test("VRF 0 is the VRF of a request that names none", async (t) => {
  const proxy = (key: string, more: object = {}) =>
    ({ cnf: "a", key, type: "DHCP_PROXY", interconnect: "MEMIF", ...more }) as PuntRequestInput;
  const inNine = await ruled(t, "cnfs: a, vrfs: 9");
  for (const request of [proxy("absent"), proxy("zero", { vrf: 0 })])
    await t.throwsAsync(inNine.alice.add(request), { code: "ERR_POLICY", message: /\(vrfs\): VRF 0 is not among 9/ });
  const inZero = await ruled(t, "cnfs: a, vrfs: 0");
  t.is((await inZero.alice.add(proxy("absent"), { waitFor: "CREATED" })).state, "CREATED");
  await t.throwsAsync(inZero.alice.add(proxy("nine", { vrf: 9 })), { code: "ERR_POLICY", message: /VRF 9/ });
});
