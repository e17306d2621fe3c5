// Waiting for a condition.

/** Less than AVA's limit, after which it ends all tests: a wait in vain is a failure of its own test, which names it. */
const LIMIT_S = 150;

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Resolves with what the condition gives when that is true. `look`: each millisecond, or each turn of the event loop. */
export async function until<T>(
  condition: () => T | Promise<T>,
  look: "millisecond" | "turn" = "millisecond",
): Promise<NonNullable<T>> {
  for (const end = performance.now() + LIMIT_S * 1000; ; await (look === "turn" ? turn() : pause())) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${LIMIT_S} s in vain for ${condition}`);
  }
}
