// The first part: three punt registrations, the capture replayed through VPP's interface, one answer injected.
import { join } from "node:path";
import { Vpp } from "../lib/binapi/index.js";
import { PuntAction, PuntInjector, PuntSocket } from "../lib/index.js";
import { describeFrame } from "../lib/packet/index.js";
import type { SpawnedVpp } from "../lib/sim/index.js";
import { dnsAnswer } from "./answer.js";
import { readFrames } from "./capture.js";
import { type DemoPunt, punts } from "./punts.js";
import type { Report } from "./report.js";
import { settled, until } from "./until.js";

/** A frame as it was received, and VPP's number of the interface it came in on. */
interface Received {
  readonly frame: Uint8Array;
  readonly swIfIndex: number;
}

interface OpenPunt extends DemoPunt {
  readonly socket: PuntSocket;
  readonly received: Received[];
  /** VPP's own end, for injection. */
  readonly vppPath: string;
}

export interface PuntResult {
  readonly name: string;
  readonly expected: number;
  readonly received: number;
  /** Compares every frame with the frame that was sent, in order, and not only the counts. */
  readonly ok: boolean;
}

/** Opens a socket, then registers it: VPP does not look whether a client's path is there. */
async function openPunt(vpp: SpawnedVpp, api: Vpp, punt: DemoPunt, number: number, report: Report): Promise<OpenPunt> {
  const received: Received[] = [];
  const socket = PuntSocket.open({
    path: join(vpp.directory, `demo-${number}.sock`),
    vppPath: vpp.puntSocket!,
    onWarning: () => undefined, // about Linux's queue limit, which does not apply: the socket is connected to VPP's
    onBatch: (batch) => {
      for (let i = 0; i < batch.length; i++) {
        const frame = batch.copy(i);
        received.push({ frame, swIfIndex: batch.swIfIndex(i) });
        report.line(describeFrame(frame));
      }
    },
  });
  const request = { header_version: 1, punt: punt.selector, pathname: socket.path };
  const reply = await api.call("punt_socket_register", request);
  return { ...punt, socket, received, vppPath: reply.pathname };
}

/** Nothing ties a registration to its client: it would outlive it. */
async function closePunt(api: Vpp, { selector, socket }: OpenPunt): Promise<void> {
  await api.call("punt_socket_deregister", { punt: selector });
  socket.close();
}

function resultOf(punt: OpenPunt, frames: readonly Uint8Array[]): PuntResult {
  const expected = frames.filter(punt.expects);
  const same = expected.every((frame, i) => punt.received[i] && Buffer.compare(frame, punt.received[i].frame) === 0);
  const ok = expected.length > 0 && expected.length === punt.received.length && same;
  return { name: punt.name, expected: expected.length, received: punt.received.length, ok };
}

async function knownInterfaces(api: Vpp): Promise<Set<number>> {
  const interfaces = await api.dumpAll("sw_interface_dump", {
    sw_if_index: 0xffffffff,
    name_filter_valid: false,
    name_filter: "",
  });
  return new Set(interfaces.map((details) => details.sw_if_index as number));
}

/** Injects the answer to the first DNS query; resolves with whether it left by the interface of the query, and only there. */
async function answerQuery(vpp: SpawnedVpp, api: Vpp, dns: OpenPunt, report: Report): Promise<boolean> {
  const query = dns.received[0];
  if (query === undefined) return false;
  const answer = dnsAnswer(query.frame);
  using injector = PuntInjector.open({ vppPath: dns.vppPath, knownInterfaces: await knownInterfaces(api) });
  await Promise.all(["lan", "wan"].map((name) => vpp.transmitted(name))); // starts the watch
  if (!injector.inject(PuntAction.L2, query.swIfIndex, answer)) return false;
  const leavesBy = async (name: string) =>
    (await vpp.transmitted(name)).some((frame) => Buffer.compare(frame, answer) === 0);
  const left = await until(() => leavesBy("lan"));
  report.line(`${describeFrame(answer)}: ${left ? "left by lan" : "NOT SEEN"}`);
  return left && !(await leavesBy("wan"));
}

/** Runs it; resolves with what each punt brought, and whether the answer left as it should. */
export async function replay(vpp: SpawnedVpp, report: Report): Promise<{ punts: PuntResult[]; answered: boolean }> {
  const frames = readFrames();
  await using api = await Vpp.connect({ socketPath: vpp.apiSocket });
  const open: OpenPunt[] = [];
  try {
    for (const [number, punt] of punts.entries()) open.push(await openPunt(vpp, api, punt, number, report));
    await vpp.inject("lan", frames);
    const expected = frames.filter((frame) => punts.some((punt) => punt.expects(frame))).length;
    await settled(() => open.reduce((sum, { received }) => sum + received.length, 0), expected);
    const answered = await answerQuery(vpp, api, open[0]!, report);
    return { punts: open.map((punt) => resultOf(punt, frames)), answered };
  } finally {
    for (const punt of open) await closePunt(api, punt);
  }
}
