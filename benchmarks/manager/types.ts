// Applies N punts of one type in one change, on an embedded VPP in a process of its own, and measures that and other operations on all of them.
// usage: types N TYPE INTERCONNECT; prints the milliseconds of each, the processor time of manager and VPP during apply, and the punts made
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { cpuUs } from "../harness/cpu.js";
import { Bed, timed } from "./embedded.js";

type Interconnect = "MEMIF" | "TAP" | "AF_UNIX";

/** The request of the punt with this index. */
function requestOf(type: string, interconnect: Interconnect, index: number, directory: string): PuntRequestInput {
  const common = { cnf: `cnf${index % 10}`, key: `${index}`, type, interconnect };
  const vppInterface = `if${index}`;
  const hairpinInterface = { name: `hp${index}`, ipAddresses: [`11.${index >> 8}.${index & 255}.1/24`] };
  const own: Record<string, object> = {
    HAIRPIN_XCONNECT: { vppInterface1: `if${2 * index}`, vppInterface2: `if${2 * index + 1}` },
    HAIRPIN: { vppInterface, hairpinInterface },
    SPAN: { vppInterface },
    ABX: { vppInterface, ingressAclRules: [{ protocol: "OSPF" }], egressAclRules: [{}] },
    PUNT_TO_SOCKET: {
      toHost: { af: "IPV4", protocol: "UDP", port: 10_000 + index },
      socketPath: `${directory}/${index}.sock`,
    },
    DHCP_PROXY: { vrf: index + 1, withoutCnfVrf: true },
    ISISX: { vppInterface },
  };
  return { ...common, ...own[type] } as PuntRequestInput;
}

const [count, type, interconnect] = [Number(process.argv[2]), process.argv[3]!, process.argv[4] as Interconnect];
const cards = { HAIRPIN_XCONNECT: 2 * count, DHCP_PROXY: 0, PUNT_TO_SOCKET: 0 }[type] ?? count;
const tables = type === "DHCP_PROXY" ? count : 0;
const bed = await Bed.start(cards, tables);
const punts = Array.from({ length: count }, (_, index) => requestOf(type, interconnect, index, bed.directory));
// The default subnet of interconnects has room for 64.
const manager = await bed.manager(bed.client, { subnets: { ipv4: "100.64.0.0/10" } });
const states: Record<string, number> = {};
const [before, vppBefore] = [cpuUs(), bed.vppCpuMs()];
const applyMs = await timed(async () => {
  const { added, failed } = await manager.apply({ punts }, { keep: true, waitFor: "CREATED" });
  for (const outcome of [...added.map(({ state }) => state), ...failed.map(({ error }) => error.message)])
    states[outcome] = (states[outcome] ?? 0) + 1;
});
const [applyCpuMs, applyVppCpuMs] = [(cpuUs() - before) / 1000, bed.vppCpuMs() - vppBefore];
if (states.CREATED !== count) console.error(states);
const planMs = await timed(() => manager.plan());
const listMs = await timed(async () => manager.list());
const resyncMs = await timed(() => manager.resync());
const deleteMs = await timed(() =>
  manager.apply({ punts: [], delete: manager.list().map(({ id }) => id) }, { keep: true }),
);
const created = states.CREATED ?? 0;
console.log(JSON.stringify({ applyMs, applyCpuMs, applyVppCpuMs, planMs, listMs, resyncMs, deleteMs, created }));
await manager.close();
await bed.close();
