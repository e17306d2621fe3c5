// A running container, as much of it as names it.

/** A container that runs. */
export interface RunningContainer {
  readonly id: string;
  readonly names: readonly string[];
  /** Its first process, as the engine sees it. */
  readonly pid: number;
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME=value`. */
  readonly env: readonly string[];
}
