// memif against C programs on the system's libmemif, with libmemif at the other end too.
import type { Place, Suite } from "../harness/trial.js";
import { filtered, forwarding, receive, roundTrip, send } from "../trials/memif.js";
import { npmMemif, libmemif as peers } from "../trials/memif-peers.js";

const SIZES = [64, 1500];
/** Sizes of the charts. */
const SWEEP = [64, 128, 256, 512, 1024, 1500];

const place = (chart: string, x: number): Place => ({
  chart,
  row: "rate",
  axis: "packet size (B)",
  x,
  peer: "libmemif",
});

const suite: Suite = {
  trials: [
    ...SWEEP.map((size) => receive(peers, size, "polling", 0.95, place("Receiving over memif, polling", size))),
    ...SIZES.map((size) => receive(peers, size, "adaptive", 0.9)),
    ...SIZES.map((size) => receive(npmMemif, size, "adaptive", 20)),
    filtered(peers, "table", 0.9),
    filtered(peers, "BPF", 0.9),
    ...SWEEP.map((size) => send(peers, "list", size, 0.8, place("Sending over memif", size))),
    ...SIZES.map((size) => send(peers, "batch", size, 0.8)),
    ...SIZES.map((size) => send(peers, "slots", size, 0.8)),
    ...([1, 2] as const).map((ways) => forwarding(peers, 64, ways, 1)),
    ...([1, 2] as const).map((ways) => forwarding(peers, 1500, ways, 2)),
    ...([1, 2] as const).map((ways) => forwarding(peers, 1500, ways, 2, "headers")),
    roundTrip(peers, "interrupt", { p50: 1.15, p99: 2 }),
    roundTrip(peers, "polling", { p50: 2, p99: 2 }),
  ],
};

export default suite;
