// Runs one trial: ours and the peer in turn, and the medians of their figures.
import { isDisturbed, watchMachine } from "./disturbance.js";
import { runSteps } from "./processes.js";
import type { Place, Result, Row, Side, Trial } from "./trial.js";
import { openWorkspace } from "./workspace.js";

/** How often a disturbed run is repeated before its figures are taken as they are. */
const REPEATS = 2;

/** One line of the report. Figures are medians over the pairs; `ratio`, `min` and `max` are those of ours / peer. */
export interface Outcome {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** null: the trial has no peer, and `min` and `max` are those of ours. */
  readonly peer: number | null;
  /** null: there is no peer, or its figure is 0 and ours is not. */
  readonly ratio: number | null;
  readonly min: number;
  readonly max: number;
  readonly pairs: number;
  /** Runs that other programs disturbed, also when they were repeated. */
  readonly disturbed: number;
  readonly target: string;
  readonly ok: boolean;
  readonly place?: Place;
}

/** Runs the trial once on each side to warm up, then `pairs` times on both sides in turn. */
export async function measure(trial: Trial, pairs: number, progress: (word: string) => void): Promise<Outcome[]> {
  const runs = new Runs(progress);
  const ours: Result[][] = [];
  const peers: Result[][] = [];
  await warmUp(trial);
  for (let pair = 0; pair < pairs; pair++) {
    // The first run of a pair warms the machine for the second, so each side comes first equally often.
    const peerFirst = pair % 2 === 1;
    if (trial.peer && peerFirst) peers.push(await runs.run(trial.peer));
    ours.push(await runs.run(trial.ours));
    if (trial.peer && !peerFirst) peers.push(await runs.run(trial.peer));
    progress(".");
  }
  return trial.rows.map((row) => outcome(trial, row, ours, peers, runs.disturbed));
}

async function warmUp(trial: Trial): Promise<void> {
  if (trial.peer) await runOnce(trial.peer);
  await runOnce(trial.ours);
}

/** Runs sides, and repeats a run that other programs disturbed. */
class Runs {
  disturbed = 0;
  readonly #progress: (word: string) => void;

  constructor(progress: (word: string) => void) {
    this.#progress = progress;
  }

  async run(side: Side): Promise<Result[]> {
    for (let attempt = 0; ; attempt++) {
      const foreign = watchMachine();
      const results = await runOnce(side);
      if (!isDisturbed(foreign()) || attempt === REPEATS) {
        if (attempt === REPEATS) this.disturbed++;
        return results;
      }
      this.#progress("disturbed, again ");
    }
  }
}

async function runOnce(side: Side): Promise<Result[]> {
  const workspace = openWorkspace();
  try {
    return await runSteps(side(workspace));
  } finally {
    workspace.dispose();
  }
}

function outcome(trial: Trial, row: Row, oursResults: Result[][], peerResults: Result[][], disturbed: number): Outcome {
  const ours = oursResults.map((results) => row.value(results));
  const peer = peerResults.map((results) => (row.peer ?? row.value)(results));
  const ratios = peer.map((figure, i) => ratioOf(ours[i]!, figure));
  const differences = peer.map((figure, i) => ours[i]! - figure);
  const spread = peer.length > 0 ? ratios : ours;
  const figures = { ours: median(ours), peer: median(peer), ratio: median(ratios), difference: median(differences) };
  return {
    name: `${trial.name}: ${row.name}`,
    unit: row.unit,
    ours: figures.ours,
    peer: peer.length > 0 ? figures.peer : null,
    ratio: peer.length > 0 && Number.isFinite(figures.ratio) ? figures.ratio : null,
    min: Math.min(...spread),
    max: Math.max(...spread),
    pairs: ours.length,
    disturbed,
    target: row.target.text,
    ok: row.target.met(figures),
    ...(trial.place && { place: trial.place }),
  };
}

/** Equal figures have the ratio 1, also two counts of 0. A ratio to 0 is infinite and isn't printed. */
function ratioOf(ours: number, peer: number): number {
  return ours === peer ? 1 : ours / peer;
}

/** Returns NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
