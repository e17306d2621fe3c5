// Waiting for a condition.

/** Less than AVA's limit, after which it ends all tests: a wait in vain is a failure of its own test, which names it. */
const LIMIT_S = 150;

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Resolves when the condition holds. `look`: whether to look at it every millisecond, or once every turn of the event loop. */
export async function until(condition: () => boolean, look: "millisecond" | "turn" = "millisecond"): Promise<void> {
  const end = performance.now() + LIMIT_S * 1000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${LIMIT_S} s in vain for ${condition}`);
    await (look === "turn" ? turn() : pause());
  }
}
