import { runSteps } from "./processes.js";
import type { Result, Row, Side, Trial } from "./trial.js";
import { openWorkspace } from "./workspace.js";

/** One line of the report. Figures are medians over the pairs; `ratio`, `min` and `max` are those of ours / peer. */
export interface Outcome {
  name: string;
  unit: string;
  ours: number;
  /** null: the trial has no peer, and `min` and `max` are those of ours. */
  peer: number | null;
  ratio: number | null;
  min: number;
  max: number;
  target: string;
  ok: boolean;
}

/** Runs the trial `pairs` times on both sides in turn. */
export async function measure(trial: Trial, pairs: number, progress: () => void): Promise<Outcome[]> {
  const ours: Result[][] = [];
  const peers: Result[][] = [];
  for (let pair = 0; pair < pairs; pair++) {
    // Whatever warms the machine for the second of a pair warms it for each side equally often.
    const peerFirst = pair % 2 === 1;
    if (trial.peer && peerFirst) peers.push(await runOnce(trial.peer));
    ours.push(await runOnce(trial.ours));
    if (trial.peer && !peerFirst) peers.push(await runOnce(trial.peer));
    progress();
  }
  return trial.rows.map((row) => outcome(trial, row, ours, peers));
}

async function runOnce(side: Side): Promise<Result[]> {
  const workspace = openWorkspace();
  try {
    return await runSteps(side(workspace));
  } finally {
    workspace.dispose();
  }
}

function outcome(trial: Trial, row: Row, oursResults: Result[][], peerResults: Result[][]): Outcome {
  const ours = oursResults.map((results) => row.value(results));
  const peer = peerResults.map((results) => (row.peer ?? row.value)(results));
  // Two counts of 0 are equal, and so are two rates of 0.
  const ratios = peer.map((figure, i) => (figure === ours[i] ? 1 : ours[i]! / figure));
  const differences = peer.map((figure, i) => ours[i]! - figure);
  const spread = peer.length > 0 ? ratios : ours;
  const figures = {
    ours: median(ours),
    peer: median(peer),
    ratio: median(ratios),
    difference: median(differences),
  };
  return {
    name: `${trial.name}: ${row.name}`,
    unit: row.unit,
    ours: figures.ours,
    peer: peer.length > 0 ? figures.peer : null,
    ratio: peer.length > 0 ? figures.ratio : null,
    min: Math.min(...spread),
    max: Math.max(...spread),
    target: row.target.text,
    ok: row.target.met(figures),
  };
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
