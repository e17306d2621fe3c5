// The ends of a punt that its program must have open, compared with the ends that are open.
import { isMade, type PuntStatus } from "../../../lib/punt/index.js";
import type { Party, World } from "../world/index.js";

/** Returns the ends that a program opens for a punt. @param frames whether it wants the frames of TAPs */
function wantedEnds({ metadata }: PuntStatus, frames: boolean): string[] {
  return metadata.interconnects.flatMap(({ attachment }) => {
    if (attachment.kind === "memif") return [`memif ${attachment.id} at ${attachment.socket}`];
    if (attachment.kind === "tap") return frames ? [`packets of ${attachment.name}`] : [];
    const socket = `punt socket at ${attachment.path}`;
    return attachment.vppPath === undefined ? [socket] : [socket, "injector"];
  });
}

/** @throws an Error if a program that is ready does not have an end of its punt */
export function checkReady(world: World, party: Party, status: PuntStatus, frames: boolean): void {
  const open = world.sockets.endsOf(party).map(({ end }) => end);
  const missing = wantedEnds(status, frames).filter((end) => end !== "injector" && !open.includes(end));
  if (missing.length > 0)
    throw new Error(`${party.name} is ready, and does not have: ${missing.join(", ")}; it has ${open.join(", ")}`);
}

/** Returns what is wrong with the ends of a program that nothing disturbs any more; "" if nothing is. `frames` is of each punt. */
export function endsFault(
  world: World,
  party: Party,
  punts: readonly PuntStatus[],
  frames: readonly boolean[],
): string {
  const strays = world.sockets.strays(party);
  if (strays.length > 0) return `descriptors are left: ${strays.join(", ")}`;
  const ends = world.sockets.endsOf(party);
  const open = ends.map(({ end }) => end).sort();
  const wanted = punts.flatMap((status, index) => wantedEnds(status, frames[index]!)).sort();
  // A memif that has lost its connection is nowhere: another one may have its id.
  const placed = open.filter((end) => !end.endsWith(" at "));
  if (!punts.every(({ state }) => isMade(state)))
    return new Set(placed).size === placed.length ? "" : `open twice: ${placed.join(", ")}`;
  if (JSON.stringify(open) !== JSON.stringify(wanted)) return `open: ${open.join(", ")}; wanted: ${wanted.join(", ")}`;
  const lost = ends.filter(({ isConnected }) => !isConnected).map(({ end }) => end);
  return lost.length > 0 ? `not connected: ${lost.join(", ")}` : "";
}

/** Returns what a program still has open that has nothing to have open; "" if nothing. */
export function leftEnds(world: World, party: Party): string {
  return [...world.sockets.strays(party), ...world.sockets.endsOf(party).map(({ end }) => end)].join(", ");
}
