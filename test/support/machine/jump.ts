// A wall clock that jumps: Date is wrong by as much as a test says, as after `date -s`. The monotonic clock and timers go on.
import type { ExecutionContext } from "ava";

const RealDate = Date;
let offset = 0;

class JumpingDate extends RealDate {
  constructor(...args: [] | [value: number | string]) {
    super(args.length === 0 ? JumpingDate.now() : args[0]);
  }

  static override now(): number {
    return RealDate.now() + offset;
  }
}

/** A day and an hour: longer than every interval of the package. */
export const JUMP_MS = 90_000_000;

/** Replaces Date until the end of the test. Returns the function that lets the clock jump by milliseconds. */
export function jumpingClock(t: ExecutionContext): (ms: number) => void {
  offset = 0;
  globalThis.Date = JumpingDate as DateConstructor;
  t.teardown(() => {
    globalThis.Date = RealDate;
  });
  return (ms) => {
    offset += ms;
  };
}
