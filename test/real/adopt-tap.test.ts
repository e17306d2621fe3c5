// `vpp-punt adopt` with TAPs of Linux: StoneWork's names by its own formulas, traffic all the time, nothing foreign touched.
// A real VPP needs /dev/vhost-net and VRF devices: `npm run test:vhost` runs this file in a virtual machine that has them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import type { InterconnectMetadata, InterfaceMetadata } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { cli } from "../support/cli/command.js";
import { type Netns, Network, until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { StoneWorkMade } from "../support/punt/stonework-made.js";
import { Scenario } from "../support/vpp/scenario.js";
import { snapshot } from "../support/vpp/snapshot.js";

const real = need("root", "vpp", "hosts", "vhost-net", "vrf", "plugin:abx").test.serial;
const VRF = 5;
const PINGS = 200;

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** StoneWork's interconnect of an interface over a TAP, in the namespace of that number. */
function interconnectOf(selector: string, netns: number, addresses: string[], vrf = 0): InterconnectMetadata {
  const selectors = { vppSelector: selector, cnfSelector: `netns::${netns}` };
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEF";
  let hash = fnv1a(`${selector}|netns::${netns}`);
  let name = "";
  for (let at = 0; at < 5; at++, hash >>>= 5) name = letters[hash & 31] + name;
  const side = (second: number, own: string[], vrfName: string): InterfaceMetadata => {
    const bytes = Buffer.alloc(6);
    bytes.set([2, second]);
    bytes.writeUInt32LE(fnv1a(`tap-${name}`), 2);
    const mac = bytes.toString("hex").replace(/..(?!$)/g, "$&:");
    return { name: `tap-${name}`, mac, addresses: own, vrf, vrfName };
  };
  const vrfName = vrf === 0 ? "" : `vrf${vrf}`;
  const attachment = { kind: "tap", name: `tap-${name}`, namespace: "" } as const;
  const sides = { vppInterface: side(0xfd, [], ""), cnfInterface: side(0xfe, addresses, vrfName) };
  return { type: "TAP", ...selectors, ...sides, shared: false, attachment };
}

function ping(dst: string): object {
  return {
    ...{ is_permit: "ACL_ACTION_API_PERMIT", src_prefix: "0.0.0.0/0", dst_prefix: dst, proto: 1 },
    ...{ srcport_or_icmptype_first: 0, srcport_or_icmptype_last: 255 },
    ...{ dstport_or_icmpcode_first: 0, dstport_or_icmpcode_last: 255, tcp_flags_mask: 0, tcp_flags_value: 0 },
  };
}

async function receivedBy(cnf: Netns, device: string): Promise<number> {
  const [{ stats64 }] = JSON.parse(await cnf.ip("-j", "-s", "link", "show", device));
  return stats64.rx.packets;
}

/** A VPP with two hosts, the namespace of a CNF, and what others have made. */
interface Site {
  readonly client: Vpp;
  readonly apiSocket: string;
  readonly directory: string;
  readonly network: Network;
  /** The VRF of the first host's interface. */
  readonly vrf: number;
  keep(): Promise<string[]>;
}

async function takesOver(t: ExecutionContext, site: Site): Promise<void> {
  const { network, client, directory, vrf } = site;
  const [host, cnf] = [await network.host(), await network.host()];
  const link = { addresses: ["10.10.0.2/24"], vppAddresses: ["10.10.0.1/24"], ...(vrf !== 0 && { vrf }) };
  const vppInterface = await network.link(host, link);
  const other = await network.neighbor("10.11.0");
  // Things of others, which look like StoneWork's and are not the punts'.
  const agent = new StoneWorkMade(client);
  await agent.tapIn(cnf, interconnectOf("vpp/interface/loop77", 1, []));
  await agent.puntSocket(4000, join(directory, "foreign.sock"));
  const foreign = await site.keep();

  const abx = interconnectOf(`vpp/interface/${vppInterface}`, 1, ["10.10.0.1/24"], vrf);
  const span = interconnectOf(`vpp/span/interface/${other.vppInterface}`, 1, []);
  const index = await agent.tapIn(cnf, abx);
  await agent.borrow(vppInterface, index, "10.10.0.0", "10.10.0.255", vrf);
  const rx = [vppInterface, await agent.indexOf(vppInterface)] as [string, number];
  const tx = [abx.vppInterface!.name, index] as [string, number];
  await agent.abx(rx, tx, abx.cnfInterface!.mac, [ping("10.10.0.1/32")], 1);
  await agent.span(other.vppInterface, await agent.tapIn(cnf, span));
  const socketPath = join(directory, "dns.sock");
  await agent.puntSocket(53, socketPath);
  const isAnswered = () => until("answers of the CNF's kernel", async () => (await host.ping("10.10.0.1")) === 3);
  await isAnswered();
  const before = await receivedBy(cnf, abx.cnfInterface!.name);
  t.true(before >= 3);

  const netns = { name: cnf.name };
  const rule = { protocol: "ICMP", destinationNetwork: "local" };
  const common = { interconnect: "TAP", netns };
  const punts = [
    { type: "ABX", cnf: "ping", ...common, vppInterface, vrf, ingressAclRules: [rule] },
    { type: "SPAN", cnf: "probe", ...common, vppInterface: other.vppInterface },
    { type: "PUNT_TO_SOCKET", cnf: "dns", toHost: { af: "IPV4", protocol: "UDP", port: 53 }, socketPath },
  ];
  const write = (name: string, list: readonly object[]) => {
    const file = join(directory, name);
    writeFileSync(file, JSON.stringify({ punts: list }));
    return file;
  };
  const file = write("punts.json", punts);
  const store = join(directory, "store.json");
  const where = ["--vpp", site.apiSocket, "--memif-directory", join(directory, "memif"), "--stonework-names"];
  const adopt = (input: string, to: string, ...more: string[]) =>
    cli(["adopt", input, "--store", to, ...where, ...more]);
  const made = await snapshot(client);

  const lost = { type: "SPAN", cnf: "lost", ...common, vppInterface: "none" };
  const early = await adopt(write("early.json", [...punts, lost]), `${store}.early`, "--yes");
  t.not(early.status, 0);
  t.regex(early.stderr, /ERR_NOT_READY/);
  const half = await snapshot(client);
  t.deepEqual(half, made, "a punt that cannot be there keeps all from being changed");

  const shown = await adopt(file, store);
  t.regex(
    shown.stdout,
    /^~ interface\/tap-\w+ .*\n.*\d+ to take, \d+ to make, \d+ to delete\. Nothing is changed/s,
    shown.stderr,
  );
  t.deepEqual(await snapshot(client), half);
  const pings = host.run("ping", "-c", `${PINGS}`, "-i", "0.02", "-W", "10", "10.10.0.1");
  await until("packets", async () => (await receivedBy(cnf, abx.cnfInterface!.name)) > before + 10);
  const taken = await adopt(file, store, "--yes");
  t.is(taken.status, 0, taken.stderr);
  t.log(taken.stdout);
  t.regex(await pings, new RegExp(` ${PINGS} received`));
  const after = await snapshot(client);
  for (const line of foreign) t.true(after.includes(line), `foreign: ${line}`);
  t.false(after.some((line) => line.includes("abx/from/")));
  const taps = (lines: readonly string[]) => lines.filter((line) => /^(tap|interface tap|span|punt)/.test(line));
  t.deepEqual(taps(after), taps(made));

  const again = await adopt(file, store, "--yes");
  t.regex(again.stdout, /Done: 0 taken, 0 made, 0 deleted\./, again.stderr);
  t.deepEqual(await snapshot(client), after);
  await isAnswered();
  await until("the mirror", async () => {
    await other.host.ping("10.11.0.1", 1);
    return (await receivedBy(cnf, span.cnfInterface!.name)) > 0;
  });

  for (const name of ["ping", "probe", "dns"])
    t.is((await cli(["delete", name, "--store", store, ...where])).status, 0);
  t.deepEqual(await snapshot(client), foreign);
  const devices = await cnf.ip("link");
  if (vrf !== 0) t.regex(devices, new RegExp(`vrf${vrf}`), "it was StoneWork's");
  t.notRegex(devices, new RegExp(abx.cnfInterface!.name));
}

real(
  "an ABX in a VRF, a mirror and a registration become ours, with their TAPs, by the documented command",
  async (t) => {
    const scenario = await Scenario.start(t);
    const { network, client, vpp } = scenario;
    await vpp.configure(`ip table add ${VRF}`, `ip6 table add ${VRF}`);
    const { apiSocket, directory } = vpp;
    await takesOver(t, { client, apiSocket, directory, network, vrf: VRF, keep: () => scenario.keep() });
  },
);

/** Configures an embedded VPP, whose command line lacks af_packet. */
async function configured(client: Vpp, vpp: EmbeddedVpp, line: string): Promise<void> {
  const [, device, mac] = /^create host-interface name (\S+) hw-addr (\S+)$/.exec(line) ?? [];
  const [, mtu] = /^set interface mtu packet (\d+)/.exec(line) ?? [];
  if (mtu !== undefined) return;
  if (device === undefined) return void (await vpp.cli(line));
  const queues = { rx_frame_size: 0, tx_frame_size: 0, rx_frames_per_block: 0, tx_frames_per_block: 0, flags: 0 };
  const fields = { mode: 1, num_rx_queues: 1, num_tx_queues: 1, ...queues, use_random_hw_addr: false };
  const hw_addr = mac!
    .split(":")
    .map((byte) => byte.padStart(2, "0"))
    .join(":");
  await client.call("af_packet_create_v3", { ...fields, hw_addr, host_if_name: device } as never);
}

need("root", "hosts", "tun").test.serial("the same on an embedded VPP, without a VRF", async (t) => {
  const vpp = await EmbeddedVpp.start({ host: "linux" });
  t.teardown(() => vpp.close());
  const client = await Vpp.connect({ socketPath: vpp.apiSocket });
  t.teardown(() => client.close());
  const configure = async (...lines: string[]) => {
    for (const line of lines) await configured(client, vpp, line);
  };
  const network = new Network({ configure });
  t.teardown(() => network.abandon());
  const { apiSocket, directory } = vpp;
  await takesOver(t, { client, apiSocket, directory, network, vrf: 0, keep: () => snapshot(client) });
});
