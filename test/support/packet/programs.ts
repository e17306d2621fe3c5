// Filters for tests, without libpcap.
import { PacketFilter } from "../../../lib/packet/index.js";

/** Takes the packets whose first 32 bits have the remainder `rest` when divided by `divisor`. */
export function modulo(divisor: number, rest: number): PacketFilter {
  const program = [
    [0x20, 0, 0, 0],
    [0x94, 0, 0, divisor],
    [0x15, 0, 1, rest],
    [0x06, 0, 0, 0xffff],
    [0x06, 0, 0, 0],
  ];
  return PacketFilter.parse([program.length, ...program.map((instruction) => instruction.join(" "))].join("\n"));
}
