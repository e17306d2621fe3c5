// Counters of punts in the daemon's contract, and back. 64-bit numbers of the contract are exact below 2^53 here.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { InterconnectCounters, PacketCount, VppCounters } from "../counters/index.js";
import type { CountersResponse, CountersResponseSchema } from "./gen/vpp_punt/v1/counters_pb.js";
import { idFromWire } from "./request.js";

type Counts = Readonly<Record<string, number>>;
type WireCount = { readonly packets: bigint; readonly bytes: bigint };

function toWire(counts: Counts): Record<string, bigint> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, BigInt(count)]));
}

function fromWire(counts: Readonly<Record<string, bigint>>): Counts {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Number(count)]));
}

const countToWire = ({ packets, bytes }: PacketCount): WireCount => ({
  packets: BigInt(packets),
  bytes: BigInt(bytes),
});

function countFromWire(count: WireCount | undefined): PacketCount {
  return { packets: Number(count?.packets ?? 0n), bytes: Number(count?.bytes ?? 0n) };
}

function interconnectToWire({ interface: name, toCnf, fromCnf, drops }: InterconnectCounters) {
  return { interface: name, toCnf: countToWire(toCnf), fromCnf: countToWire(fromCnf), drops: toWire(drops) };
}

/** Returns counters as the contract has them. */
export function countersToWire({ time, punts, sockets }: VppCounters): MessageInitShape<typeof CountersResponseSchema> {
  const of = ({ id, interconnects }: VppCounters["punts"][number]) => {
    return { id, interconnects: interconnects.map(interconnectToWire) };
  };
  return { timeMs: BigInt(time), punts: punts.map(of), sockets: toWire(sockets) };
}

/** Returns counters of the contract as this process would have read them. */
export function countersFromWire({ timeMs, punts, sockets }: CountersResponse): VppCounters {
  return {
    time: Number(timeMs),
    punts: punts.map(({ id, interconnects }) => ({
      id: idFromWire(id),
      interconnects: interconnects.map(({ interface: name, toCnf, fromCnf, drops }) => {
        return {
          interface: name,
          toCnf: countFromWire(toCnf),
          fromCnf: countFromWire(fromCnf),
          drops: fromWire(drops),
        };
      }),
    })),
    sockets: fromWire(sockets),
  };
}
