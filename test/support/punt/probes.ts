// Packets that show that a punt works: what goes in at one end comes out at the other.
import type { PuntRequest, PuntStatus } from "../../../lib/punt/index.js";
import type { EmbeddedVpp } from "../../../lib/sim/index.js";
import { arp, BROADCAST, dhcp, frame, ipPacket, isis, udpPacket } from "../frames.js";
import { type Cnf, type CnfEnd, eventually } from "./cnf-end.js";

const neighbor = "02:aa:00:00:00:99";
let count = 0;

/** A text no other packet has. */
function marker(): string {
  return `marker-${String(++count).padStart(6, "0")}`;
}

/** MAC address and IPv4 address of a card of `managedVpp`. */
function cardOf(name: string): { mac: string; address: string } {
  const index = Number(name.slice(2));
  return { mac: `02:fc:00:00:00:${(index + 1).toString(16).padStart(2, "0")}`, address: `10.0.${index}.1` };
}

export interface Probe {
  readonly vpp: EmbeddedVpp;
  readonly cnf: Cnf;
  readonly status: PuntStatus;
  /** Cards of the VRFs, on which a DHCP client asks. */
  dhcpCard(vrf: number): string;
  /** A card that no punt is about. */
  readonly freeCard: string;
}

/** @returns what did not get through, or undefined if all did */
export async function probe(it: Probe): Promise<string | undefined> {
  const checks = probes[it.status.request.type](it, it.status.request as never);
  for (const [what, check] of checks) if (!(await check())) return `${it.status.request.type}: ${what}`;
  return undefined;
}

type Check = [what: string, check: () => Promise<boolean>];
type Probes = { [T in PuntRequest["type"]]: (it: Probe, request: Extract<PuntRequest, { type: T }>) => Check[] };

function toEnd(vpp: EmbeddedVpp, card: string, end: CnfEnd, make: (text: string) => Buffer): Check {
  return [
    `${card} -> CNF`,
    () => {
      const text = marker();
      return eventually(
        () => end.received(text) !== undefined,
        () => vpp.interface(card).inject(make(text)),
      );
    },
  ];
}

function fromEnd(vpp: EmbeddedVpp, end: CnfEnd, card: string, make: (text: string) => Buffer): Check {
  return [
    `CNF -> ${card}`,
    () => {
      const text = marker();
      const wire = vpp.interface(card);
      wire.transmitted();
      return eventually(
        () => wire.transmitted().some((it) => Buffer.from(it).includes(text)),
        () => void end.send(make(text)),
      );
    },
  ];
}

const anyFrame = (text: string) =>
  frame({ from: neighbor, to: BROADCAST }, udpPacket({ from: "10.9.9.9", to: "10.9.9.8" }, [7, 7], text));
const isisFrame = (text: string) =>
  isis(
    neighbor,
    "01:80:c2:00:00:14",
    Buffer.concat([Buffer.from("1b01000f01000000", "hex"), Buffer.from(text)]).toString("hex"),
  );

const probes: Probes = {
  HAIRPIN_XCONNECT: ({ vpp, cnf: { ends } }, { vppInterface1, vppInterface2 }) => [
    toEnd(vpp, vppInterface1, ends[0]!, anyFrame),
    fromEnd(vpp, ends[0]!, vppInterface1, anyFrame),
    toEnd(vpp, vppInterface2, ends[1]!, anyFrame),
    fromEnd(vpp, ends[1]!, vppInterface2, anyFrame),
  ],

  HAIRPIN: ({ vpp, cnf: { ends } }, { vppInterface, hairpinInterface }) => [
    toEnd(vpp, vppInterface, ends[0]!, anyFrame),
    fromEnd(vpp, ends[0]!, vppInterface, anyFrame),
    ["the new interface answers", () => answersArp(ends[1]!, hairpinInterface.ipAddresses[0]!.split("/")[0]!)],
  ],

  SPAN: ({ vpp, cnf: { ends } }, { vppInterface }) => [toEnd(vpp, vppInterface, ends[0]!, anyFrame)],

  ABX: ({ vpp, cnf: { ends } }, request) => {
    const { mac, address } = cardOf(request.vppInterface);
    const port = (request.ingressAclRules[0]!.destinationPort as { first: number }).first;
    const host = address.replace(/1$/, "7");
    return [
      toEnd(vpp, request.vppInterface, ends[0]!, (text) =>
        frame({ from: neighbor, to: mac }, udpPacket({ from: host, to: address }, [9, port], text)),
      ),
      fromEnd(vpp, ends[0]!, request.vppInterface, (text) =>
        frame({ from: mac, to: BROADCAST }, ipPacket({ from: address, to: "224.0.0.5" }, 89, Buffer.from(text))),
      ),
    ];
  },

  ISISX: ({ vpp, cnf: { ends } }, { vppInterface }) => [
    toEnd(vpp, vppInterface, ends[0]!, isisFrame),
    fromEnd(vpp, ends[0]!, vppInterface, isisFrame),
  ],

  DHCP_PROXY: ({ vpp, cnf: { ends }, dhcpCard }, { vrf }) => [
    ["client -> server", () => isRelayed(vpp, dhcpCard(vrf), ends[0]!)],
  ],

  PUNT_TO_SOCKET: ({ vpp, cnf: { ends }, freeCard }, { toHost }) => {
    const { mac, address } = cardOf(freeCard);
    const make = (text: string) =>
      frame(
        { from: neighbor, to: mac },
        udpPacket({ from: address.replace(/1$/, "7"), to: address }, [9, toHost!.port], text),
      );
    return [toEnd(vpp, freeCard, ends[0]!, make)];
  },
};

function answersArp(end: CnfEnd, address: string): Promise<boolean> {
  const sender: [string, string] = ["02:bb:00:00:00:01", address.replace(/1$/, "9")];
  return eventually(
    () => end.hasArpReply(address),
    () => void end.send(arp(1, sender, ["00:00:00:00:00:00", address])),
  );
}

/** The client's transaction id is what tells the relayed message from others. */
function isRelayed(vpp: EmbeddedVpp, card: string, end: CnfEnd): Promise<boolean> {
  const clientMac = "02:cc:00:00:00:01";
  const text = marker();
  const message = dhcp({ type: 1, clientMac, options: [[12, Buffer.from(text)]] });
  const discover = frame(
    { from: clientMac, to: BROADCAST },
    udpPacket({ from: "0.0.0.0", to: "255.255.255.255" }, [68, 67], message),
  );
  return eventually(
    () => end.received(text) !== undefined,
    () => vpp.interface(card).inject(discover),
  );
}
