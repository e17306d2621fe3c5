// Updates of punts while packets flow: what the old and the new request both want arrives, each packet once and in order.
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { PuntRequestInput, PuntStatus } from "../../lib/punt/index.js";
import { type PuntBatch, PuntSocket } from "../../lib/punt-socket/index.js";
import { frame, udpPacket } from "../support/frames.js";
import { Cnf, type CnfEnd, eventually } from "../support/punt/cnf-end.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { tapped } from "../support/vpp/tapped.js";

const CARD = { name: "if0", mac: "02:fc:00:00:00:01", address: "10.0.0.1" };
const KEPT = 2000;
const MARKER = /number-\d+/;

interface Case {
  readonly what: string;
  readonly before: PuntRequestInput;
  readonly after: PuntRequestInput;
  /** Changes of VPP that the update makes at least. Packets flow between them. */
  readonly changes: RegExp;
}

const common = { cnf: "a", vppInterface: CARD.name } as const;
const rule = (destinationPort: number) => ({ protocol: "UDP", destinationPort }) as const;
const hairpin = (ipAddresses: string[]) => ({ name: "inner", ipAddresses });

function casesOf(interconnect: "TAP" | "MEMIF"): Case[] {
  return [
    {
      what: `the rules of an ABX over ${interconnect}`,
      before: { ...common, type: "ABX", interconnect, ingressAclRules: [rule(1000), rule(KEPT)] },
      after: { ...common, type: "ABX", interconnect, ingressAclRules: [rule(KEPT), rule(3000)] },
      changes: /acl_add_replace/,
    },
    {
      what: `the direction of a SPAN over ${interconnect}`,
      before: { ...common, type: "SPAN", interconnect, direction: "both" },
      after: { ...common, type: "SPAN", interconnect, direction: "rx" },
      changes: /span_enable_disable/,
    },
    {
      what: `the addresses of a HAIRPIN over ${interconnect}`,
      before: { ...common, type: "HAIRPIN", interconnect, hairpinInterface: hairpin(["10.9.0.1/24"]) },
      after: { ...common, type: "HAIRPIN", interconnect, hairpinInterface: hairpin(["10.9.0.2/24", "10.9.1.1/24"]) },
      changes: /add_del_address/,
    },
  ];
}

const toHost = { protocol: "UDP", port: KEPT } as const;
const socket: Case = {
  what: "the family of a PUNT_TO_SOCKET",
  before: { cnf: "a", type: "PUNT_TO_SOCKET", toHost: { ...toHost, af: "IPV4" }, socketPath: "a.sock" },
  after: { cnf: "a", type: "PUNT_TO_SOCKET", toHost: { ...toHost, af: "BOTH" }, socketPath: "a.sock" },
  changes: /punt_socket_register/,
};

function inFolder(request: PuntRequestInput, directory: string): PuntRequestInput {
  return request.type === "PUNT_TO_SOCKET" ? { ...request, socketPath: join(directory, request.socketPath) } : request;
}

/** Numbered packets into the card: one before each message that the manager sends VPP, and more before and after. */
class Stream {
  #sent = 0;
  readonly messages: string[] = [];
  readonly #it: ManagedVpp;

  constructor(it: ManagedVpp) {
    this.#it = it;
  }

  /** Puts the stream between a new manager and VPP. */
  async start(): Promise<void> {
    const hear = (name: string) => {
      this.messages.push(name);
      this.send();
    };
    await this.#it.restartManager({ vpp: tapped(this.#it.client, { hear }) });
  }

  send(): void {
    const text = markerOf(this.#sent++);
    const packet = udpPacket({ from: "10.0.0.7", to: CARD.address }, [9, KEPT], text);
    this.#it.vpp.interface(CARD.name).inject(frame({ from: "02:aa:00:00:00:99", to: CARD.mac }, packet));
  }

  get markers(): string[] {
    return Array.from({ length: this.#sent }, (_, index) => markerOf(index));
  }
}

function markerOf(index: number): string {
  return `number-${String(index).padStart(6, "0")}`;
}

function attachmentsOf({ metadata }: PuntStatus): unknown[] {
  return metadata.interconnects.map(({ attachment }) => attachment);
}

async function openCnf(t: ExecutionContext, status: PuntStatus, it: ManagedVpp): Promise<CnfEnd> {
  const cnf = await Cnf.open(status, it.vpp);
  t.teardown(() => cnf.close());
  return cnf.ends[0]!;
}

for (const { what, before, after, changes } of [...casesOf("MEMIF"), ...casesOf("TAP"), socket]) {
  test(`an update of ${what} loses no packet that both requests want`, async (t) => {
    const it = await managedVpp();
    t.teardown(() => it.close());
    const stream = new Stream(it);
    await stream.start();
    const added = await it.manager.add(inFolder(before, it.directory));
    const end = await openCnf(t, added, it);
    stream.send();
    t.true(await eventually(() => end.markers(MARKER).length === 1));
    const [first] = end.markers(MARKER);
    const from = stream.messages.length;

    const updated = await it.manager.update(inFolder(after, it.directory));
    stream.send();
    t.is(updated.state, added.state);
    t.deepEqual(attachmentsOf(updated), attachmentsOf(added));
    t.regex(stream.messages.slice(from).join(" "), changes);
    const wanted = stream.markers.slice(stream.markers.indexOf(first!));
    await eventually(() => end.markers(MARKER).length >= wanted.length);
    t.deepEqual(end.markers(MARKER), wanted);
    t.true(wanted.length > 5);
  });
}

test("an update of the path of a PUNT_TO_SOCKET loses no packet: each goes to the old socket or to the new one", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const stream = new Stream(it);
  await stream.start();
  const request = inFolder(socket.before, it.directory);
  const end = await openCnf(t, await it.manager.add(request), it);
  const socketPath = join(it.directory, "b.sock");
  const got: string[] = [];
  const vppPath = it.vpp.puntSocket!;
  const onBatch = (batch: PuntBatch) => {
    for (let i = 0; i < batch.length; i++) got.push(MARKER.exec(Buffer.from(batch.copy(i)).toString("latin1"))![0]);
  };
  const next = PuntSocket.open({ path: socketPath, vppPath, onWarning: () => {}, onBatch });
  t.teardown(() => next.close());
  stream.send();
  t.true(await eventually(() => end.markers(MARKER).length === 1));
  const [first] = end.markers(MARKER);

  await it.manager.update({ ...request, socketPath } as PuntRequestInput);
  stream.send();
  const wanted = stream.markers.slice(stream.markers.indexOf(first!));
  await eventually(() => end.markers(MARKER).length + got.length >= wanted.length);
  t.deepEqual([...end.markers(MARKER), ...got], wanted);
  t.true(got.length > 0);
});
