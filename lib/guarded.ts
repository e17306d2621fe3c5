// Calls of a program's listeners from the middle of a change.

/** Runs the caller's code in the middle of a change. An error does not interrupt the change, and is thrown again after it. */
export function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
