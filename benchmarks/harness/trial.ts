// The parts of a benchmark: steps, sides, rows, trials and their targets.
/** One child process of a run. The next step starts when this one has printed a line `ready`. */
export interface Step {
  /** Program and arguments. */
  command: string[];
  /** The core that the process is pinned to, if the machine has that many. */
  cpu?: number;
  /** More environment variables. */
  env?: Record<string, string>;
}

/** The JSON object that a step printed as its last line: figures by name. `{}` if it printed none. */
export type Result = Record<string, number>;

/** Gives a suite the programs and the folder for the steps of a run. */
export interface Workspace {
  /** An empty folder, new for every run: for sockets and files. */
  readonly folder: string;
  /** Compiles `benchmarks/peers/<name>.c`, or `.cc`, which has the memif engine in it; returns the program's path. */
  peer(name: string, flags?: readonly string[]): string;
  /** Returns the path of an entry of the package, such as index, as `npm pack` bundles it. */
  entry(name: string): string;
  /** Returns the path of a file of `benchmarks/peers` that an interpreter runs. */
  source(name: string): string;
  /** A step's command that runs a compiled script: `script("punt-socket/receiver", "--poll")` is dist/benchmarks/punt-socket/receiver.js. */
  script(name: string, ...args: (string | number)[]): string[];
}

/**
 * Returns the processes of one run, in the order they start. The last one ends by itself, and the run with it. The others
 * then see the end of their stdin, print their result and have ten seconds to exit.
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
  /** Computes the figure from the results of a run's steps, in order. `peer` replaces it for the peer's side. */
  value(results: Result[]): number;
  peer?(results: Result[]): number;
  target: Target;
}

/** Where the figure of one row stands on a chart of the HTML report. */
export interface Place {
  readonly chart: string;
  /** Name of the row whose figure is drawn. */
  readonly row: string;
  readonly axis: string;
  readonly x: number;
  /** The name of the line with the peer's figures. */
  readonly peer: string;
}

/** Something measured on both sides in turn: ours, peer, ours, peer... */
export interface Trial {
  name: string;
  place?: Place;
  ours: Side;
  /** The side that ours is compared with. Without a peer the figures stand alone. */
  peer?: Side;
  rows: Row[];
  /** Returns why the trial can't run on this machine, or undefined if it can. */
  unavailable?(): string | undefined;
}

/** A file of `benchmarks/suites/`, as its default export: `npm run bench -- <file name>`. */
export interface Suite {
  trials: Trial[];
}

/** Requires a median of ours / peer of at least `limit`. */
export const ratioAtLeast = (limit: number): Target => ({
  text: `ratio >= ${limit}`,
  met: ({ ratio }) => ratio >= limit,
});

/** Requires a median of ours / peer of at most `limit`. */
export const ratioAtMost = (limit: number): Target => ({
  text: `ratio <= ${limit}`,
  met: ({ ratio }) => ratio <= limit,
});

/** Requires a median of ours - peer of at most `limit`. */
export const differenceAtMost = (limit: number): Target => ({
  text: `ours - peer <= ${limit}`,
  met: ({ difference }) => difference <= limit,
});

/** Requires a figure of at most `limit`. */
export const atMost = (limit: number): Target => ({ text: `<= ${limit}`, met: ({ ours }) => ours <= limit });

/** Requires a figure of at least `limit`. */
export const atLeast = (limit: number): Target => ({ text: `>= ${limit}`, met: ({ ours }) => ours >= limit });

/** Requires nothing: the figure is for the reader, such as of two programs in C. */
export const shown: Target = { text: "none", met: () => true };
