// Compares the answers that this client and VPP's own Python client get from one VPP.
import { rmSync } from "node:fs";
import { BlockList, isIP, isIPv6 } from "node:net";
import { Vpp } from "../../lib/binapi/client.js";
import type { FieldDef, TypeDef, TypeLookup } from "../../lib/binapi/definitions.js";
import type { Message, MessageValue } from "../../lib/binapi/message.js";
import { Schema } from "../../lib/binapi/schema.js";
import { need } from "../support/need.js";
import { apiFolder, PapiOracle } from "../support/vpp/papi.js";
import { startVpp } from "../support/vpp/real.js";

/** Requests of every plugin that change nothing. */
const READ_ONLY = /(_dump|_get|_get_version)(_v\d+)?$|^show_|^sw_interface_get/;
/** Requests whose answers change with time. */
const CHANGING = new Set(["show_vpe_system_time", "log_dump", "ip_neighbor_dump"]);
/** Requests that VPP does not answer, or answers with a message that its definitions do not name. */
const ODD = new Set(["gre_tunnel_dump_v2", "acl_plugin_use_hash_lookup_get", "igmp_group_prefix_dump"]);

/** Requests that crash a VPP without NAT (22.10 to 26.10). */
const CRASHING = /^nat44_(ei_)?user_session/;

/** VPP leaves the file when it is killed. */
const MEMIF_SOCKET = "/tmp/vpp-punt-papi-memif.sock";

const SETUP = [
  "create loopback interface",
  "create loopback interface",
  "set interface state loop0 up",
  "set interface ip address loop0 10.1.1.1/24",
  "set interface ip address loop0 fd01::1/64",
  "set interface ip table loop1 0",
  "set interface mtu 1400 loop1",
  `create memif socket id 7 filename ${MEMIF_SOCKET}`,
  "create interface memif id 3 socket-id 7 master",
  "ip table add 5",
  "ip route add 10.9.0.0/16 via 10.1.1.2 loop0",
  "ip route add fd09::/32 via fd01::2 loop0",
  "ip route add 10.8.0.0/16 via drop",
  "set ip neighbor static loop0 10.1.1.2 02:00:00:00:00:02",
  "set interface span loop0 destination loop1 both",
  "set acl-plugin acl permit src 10.0.0.0/8, deny dst fd00::/8",
  "set dhcp proxy server 10.1.1.9 src-address 10.1.1.1",
  "create bridge-domain 3",
  "create vxlan tunnel src 10.1.1.1 dst 10.1.1.3 vni 7",
  "create gre tunnel src 10.1.1.1 dst 10.1.1.4",
  "create ipip tunnel src 10.1.1.1 dst 10.1.1.5",
];

need("root", "vpp", "papi").test("vpp_papi gets the same answers to 100 kinds of request and more", async (t) => {
  const real = await startVpp();
  t.teardown(async () => {
    await real.stop();
    rmSync(MEMIF_SOCKET, { force: true });
  });
  for (const command of SETUP) await real.cli(command);
  const vpp = await Vpp.connect({ socketPath: real.apiSocket });
  const oracle = new PapiOracle(real.apiSocket);
  t.teardown(async () => {
    await oracle.close();
    await vpp.close();
  });
  await oracle.ready();
  const schema = await Schema.fromDirectory(apiFolder());
  const names = schema.names().filter((name) => READ_ONLY.test(name) && schema.message(name).service !== undefined);
  let compared = 0;
  let details = 0;
  for (const name of names) {
    if (CHANGING.has(name) || ODD.has(name) || CRASHING.test(name) || !vpp.has(name)) continue;
    const difference = await compare(vpp, oracle, schema, name);
    t.is(difference.problem, undefined, name);
    if (difference.skipped === undefined) compared++;
    else t.log(`${name}: ${difference.skipped}`);
    details += difference.details;
  }
  t.log(`${compared} kinds of request, ${details} details`);
  t.true(compared >= 100);
  t.true(details >= 80);
});

interface Comparison {
  details: number;
  problem?: string;
  /** The reason why there is nothing to compare. */
  skipped?: string;
}

async function compare(vpp: Vpp, oracle: PapiOracle, schema: Schema, name: string): Promise<Comparison> {
  const message = schema.message(name);
  const { types } = schema.definition(name);
  const value = anyValue(message.fields, types, message);
  const ours = await ask(vpp, message, value);
  if (ours === undefined) return { details: 0, skipped: "VPP does not answer" };
  const theirs = await oracle.ask(name, value);
  if (theirs.error !== undefined) return { details: 0, skipped: theirs.error };
  const { service } = message;
  const list = ours.details ?? [];
  if (list.length !== (theirs.details ?? []).length) {
    return { details: 0, problem: `${list.length} details, papi has ${theirs.details?.length}` };
  }
  const detailsMessage = schema.message(service!.streamMessage ?? service!.reply);
  const pairs: [Message, MessageValue, unknown][] = list.map((one, i) => [detailsMessage, one, theirs.details![i]]);
  if (ours.reply !== undefined) pairs.push([schema.message(service!.reply), ours.reply, theirs.reply]);
  for (const [of, mine, papis] of pairs) {
    const problem = differ(of, mine, papis);
    if (problem !== undefined) return { details: list.length, problem };
  }
  return { details: list.length };
}

async function ask(
  vpp: Vpp,
  message: Message,
  value: MessageValue,
): Promise<{ reply?: MessageValue; details?: MessageValue[] } | undefined> {
  const options = { timeout: 5000, fenced: true };
  try {
    if (message.service!.stream) return { details: await vpp.dumpAll(message.name, value, options) };
    return { reply: await vpp.call(message.name, value, options) };
  } catch (error) {
    const { code, details } = error as { code: string; details?: { reply?: MessageValue } };
    // VPP sends some replies under the id of another message (22.10: lcp_default_ns_get).
    if (code === "ERR_NO_REPLY") return undefined;
    if (details?.reply === undefined) throw error;
    return message.service!.stream ? { details: [] } : { reply: details.reply };
  }
}

/** Compares values by their bytes: an enum is a name in this client and a number in papi, and both must encode to the same. */
function differ(message: Message, mine: MessageValue, papis: unknown): string | undefined {
  const adapted = adapt(papis, mine) as MessageValue;
  const [a, b] = [message.encode(mine), message.encode(adapted)];
  return Buffer.compare(a, b) === 0 ? undefined : `${show(mine)} differs from papi's ${show(adapted)}`;
}

/** Reduces papi's value to the fields of `mine`: papi returns every arm of a union, and VPP's numbers of discriminators. */
function adapt(papis: unknown, mine: unknown): unknown {
  if (Array.isArray(mine)) {
    return Array.isArray(papis) ? papis.map((one, i) => (typeof one === "object" ? adapt(one, mine[i]) : one)) : papis;
  }
  if (typeof mine === "string" && typeof papis === "string" && isMasked(papis, mine)) return mine;
  if (typeof mine !== "object" || mine === null || mine instanceof Uint8Array) return papis;
  if (typeof papis !== "object" || papis === null) return papis;
  return Object.fromEntries(
    Object.entries(mine).map(([key, part]) => [key, adapt((papis as Record<string, unknown>)[key], part)]),
  );
}

/** Clears the host part of prefixes, as papi does. VPP sends it. */
function isMasked(papis: string, mine: string): boolean {
  const [network, length] = papis.split("/");
  const [address, ownLength] = mine.split("/");
  const family = isIPv6(network!) ? "ipv6" : "ipv4";
  if (length === undefined || length !== ownLength || isIP(network!) === 0 || isIP(address!) !== isIP(network!))
    return false;
  const subnet = new BlockList();
  subnet.addSubnet(network!, Number(length), family);
  return subnet.check(address!, family);
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}` : part)).slice(0, 600);
}

/** Returns a harmless value that both clients accept: all interfaces, table 0, no names. */
function anyValue(fields: readonly FieldDef[], types: TypeLookup, message?: Message): MessageValue {
  const counts = new Set(fields.map((field) => field.lengthField));
  const entries = fields
    .filter((field) => !counts.has(field.name))
    .map((field) => [field.name, anyField(field, types)]);
  const value = Object.fromEntries(entries) as MessageValue;
  if (message?.hasField("cursor")) value.cursor = 0;
  return value;
}

function anyField(field: FieldDef, types: TypeLookup): unknown {
  if (field.type === "string") return "";
  if (field.default !== undefined) return field.default;
  if (/sw_if_index/.test(field.name)) return 1;
  if (field.lengthField !== undefined || field.variable) return [];
  return anyType(field.type, types);
}

function anyType(name: string, types: TypeLookup): unknown {
  if (name === "bool") return false;
  if (name.endsWith("prefix")) return name.includes("6") ? "::/0" : "0.0.0.0/0";
  if (name === "ip6_address") return "::";
  if (name === "address" || name === "ip4_address") return "0.0.0.0";
  if (name === "mac_address") return "00:00:00:00:00:00";
  const def: TypeDef | undefined = types(name);
  if (def === undefined) return 0;
  if (def.kind === "struct") return anyValue(def.fields, types);
  if (def.kind === "alias") return anyType(def.type, types);
  return def.kind === "union" ? {} : def.values[0]![1];
}
