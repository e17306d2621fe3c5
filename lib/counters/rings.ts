// The fill of the rings of memifs, as VPP lists them: its statistics have none.
import type { PuntStatus } from "../punt/index.js";

/** The fill of one ring at one moment. */
export interface RingFill {
  /** VPP's name of the interface. */
  readonly interface: string;
  readonly direction: "to_cnf" | "from_cnf";
  readonly queue: number;
  /** The part of its slots that wait for the reader: 0 to 1. At 1, the writer loses packets. */
  readonly fill: number;
}

/** VPP holds its threads while it lists its memifs: with more of them, it would show in the traffic. */
const MOST_MEMIFS = 128;
/** Values of a ring's head and tail. */
const TURN = 0x10000;

/** Returns the fill of each ring in VPP's answer to `show memif`. VPP is the server: the CNF posts the slots that VPP writes to. */
export function ringsIn(text: string): RingFill[] {
  const rings: RingFill[] = [];
  for (const [, name, lines] of text.replaceAll("\r", "").matchAll(/^interface (\S+)\n((?:[ \t].*\n?)*)/gm)) {
    const all = lines!.matchAll(
      /(master-to-slave|slave-to-master) ring (\d+):\s+region.* ring-size (\d+) .*\s+head (\d+) tail (\d+)/g,
    );
    for (const [, way, queue, size, head, tail] of all) {
      const direction = way === "master-to-slave" ? "to_cnf" : "from_cnf";
      const posted = (Number(head) - Number(tail) + TURN) % TURN;
      const waiting = direction === "to_cnf" ? Number(size) - posted : posted;
      const fill = Math.min(Math.max(waiting / Number(size), 0), 1);
      rings.push({ interface: name!, direction, queue: Number(queue), fill });
    }
  }
  return rings;
}

/** Returns the fill of the rings of all memifs; none where the punts have no memif, or too many for VPP to list, or VPP does not answer. */
export async function readRings(
  punts: readonly Pick<PuntStatus, "metadata">[],
  run: (line: string) => Promise<string>,
): Promise<readonly RingFill[]> {
  const memifs = punts.flatMap(({ metadata }) =>
    metadata.interconnects.filter(({ attachment }) => attachment.kind === "memif"),
  );
  if (memifs.length === 0 || memifs.length > MOST_MEMIFS) return [];
  return ringsIn(await run("show memif").catch(() => ""));
}
