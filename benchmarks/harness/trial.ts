/** One child process of a run. The next one starts when this one has printed a line `ready`. */
export interface Step {
  /** Program and arguments. */
  command: string[];
  /** The core it is pinned to, where the machine has that many. */
  cpu?: number;
  /** More environment variables. */
  env?: Record<string, string>;
}

/** The JSON object that a step printed as its last line: figures by name. `{}` if it printed none. */
export type Result = Record<string, number>;

/** What a suite gets to put its steps together. */
export interface Workspace {
  /** An empty folder, new for every run: for sockets and files. */
  readonly folder: string;
  /** Path of the program compiled from `benchmarks/peers/<name>.c`, or `.cc`, which has the memif engine in it. */
  peer(name: string, flags?: readonly string[]): string;
  /** A step's command that runs a compiled script: `script("punt-socket/receiver", "--poll")` is dist/benchmarks/punt-socket/receiver.js. */
  script(name: string, ...args: (string | number)[]): string[];
}

/**
 * The processes of one run, in the order they start. The last one ends by itself and with it the run; the others then
 * see the end of their stdin (or end on what the last one told them), print their result and have ten seconds to exit.
 */
export type Side = (workspace: Workspace) => Step[];

/** A condition that a row's figures must meet. */
export interface Target {
  /** As printed, such as `ratio >= 0.95`. */
  readonly text: string;
  /** Judges the medians. */
  met(figures: { ours: number; peer: number; ratio: number; difference: number }): boolean;
}

/** One figure of a trial: a line of the table. */
export interface Row {
  name: string;
  unit: string;
  /** The figure, from the results of a run's steps in order. The same for ours and the peer unless `peer` is given. */
  value(results: Result[]): number;
  peer?(results: Result[]): number;
  target: Target;
}

/** Something measured on both sides in turn: ours, peer, ours, peer... */
export interface Trial {
  name: string;
  ours: Side;
  /** What ours is compared with. Without one the figures stand alone. */
  peer?: Side;
  rows: Row[];
  /** Why the trial cannot run on this machine; undefined if it can. */
  unavailable?(): string | undefined;
}

/** A file of `benchmarks/suites/`, as its default export: `npm run bench -- <file name>`. */
export interface Suite {
  trials: Trial[];
}

/** ours / peer, median of the pairs, at least `limit`. */
export const ratioAtLeast = (limit: number): Target => ({
  text: `ratio >= ${limit}`,
  met: ({ ratio }) => ratio >= limit,
});

/** ours / peer, median of the pairs, at most `limit`. */
export const ratioAtMost = (limit: number): Target => ({
  text: `ratio <= ${limit}`,
  met: ({ ratio }) => ratio <= limit,
});

/** ours - peer, median of the pairs, at most `limit`. */
export const differenceAtMost = (limit: number): Target => ({
  text: `ours - peer <= ${limit}`,
  met: ({ difference }) => difference <= limit,
});

/** The figure alone at most `limit`. */
export const atMost = (limit: number): Target => ({ text: `<= ${limit}`, met: ({ ours }) => ours <= limit });

/** The figure alone at least `limit`. */
export const atLeast = (limit: number): Target => ({ text: `>= ${limit}`, met: ({ ours }) => ours >= limit });
