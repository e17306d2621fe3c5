// Runs the steps of a history of either kind in a world of its own.
// Loaded before a history begins: how long Node takes to read files differs from run to run.
import "../../lib/punt/machinery.js";
import { inWorld, type World } from "./world/index.js";

export interface Outcome {
  /** The hash of all that happened. */
  readonly digest: string;
  readonly happenings: number;
  readonly virtualMs: number;
}

export interface RunningHistory<S> {
  begin(): Promise<void>;
  perform(step: S): Promise<void>;
  checkForeign(): Promise<void>;
  end(): Promise<void>;
}

/** Runs a history. @throws an Error with the condition that did not hold */
export async function runSteps<S extends { readonly after: number }>(
  seed: number,
  steps: readonly S[],
  make: (world: World) => RunningHistory<S>,
): Promise<Outcome> {
  const { schedule } = await inWorld(seed, async (world) => {
    const history = make(world);
    await history.begin();
    for (const step of steps) {
      await world.schedule.sleep(step.after);
      await history.perform(step);
      await history.checkForeign();
    }
    await history.end();
  });
  return { digest: schedule.digest(), happenings: schedule.count, virtualMs: schedule.now };
}

/** Sleeps until all is as it was asked for. @throws an Error with `describe` after `longest` virtual milliseconds */
export async function settle(
  { schedule }: World,
  { longest, pause }: { readonly longest: number; readonly pause: number },
  isSettled: () => Promise<boolean>,
  describe: () => string,
): Promise<void> {
  const end = schedule.now + longest;
  await schedule.sleep(200);
  while (!(await isSettled())) {
    if (schedule.now > end) throw new Error(`not settled:\n${describe()}`);
    await schedule.sleep(pause);
  }
}
