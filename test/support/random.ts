// Random numbers that a seed repeats.

/** Returns a function of numbers from 0 to 1: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a function of whole numbers from 0 to below `limit`. */
export function numbersOf(seed: number): (limit: number) => number {
  const random = randomOf(seed);
  return (limit) => Math.floor(random() * limit);
}
