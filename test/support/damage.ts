// Files of state that a disk or another program has damaged.
import { readFileSync, writeFileSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";

/** Gives each way to damage a byte of a file: the file ends before it, it has a bit flipped, which `bitAt` chooses, it is zero. */
export function* damagedAtEachByte(
  whole: Buffer,
  bitAt = (at: number) => at % 8,
): Generator<[what: string, bytes: Buffer]> {
  for (let at = 0; at < whole.length; at++) {
    yield [`cut at byte ${at}`, whole.subarray(0, at)];
    for (const change of [1 << bitAt(at), whole[at]!]) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= change;
      if (change !== 0) yield [`byte ${at} xor ${change}`, bytes];
    }
  }
}

/**
 * Damages a file at each byte. A load must refuse it by name, or return what it held.
 *
 * @returns how many loads were refused
 */
export async function refusesDamage(
  t: ExecutionContext,
  path: string,
  load: () => Promise<unknown>,
  codes = ["ERR_STORE_DAMAGED", "ERR_STORE_VERSION"],
): Promise<number> {
  const whole = readFileSync(path);
  const good = JSON.stringify(await load());
  let refused = 0;
  for (const [what, bytes] of damagedAtEachByte(whole)) {
    writeFileSync(path, bytes);
    const loaded = await load().catch((error: unknown) => error);
    if (!readFileSync(path).equals(bytes)) t.fail(`${what}: the load has changed the file`);
    if (!(loaded instanceof Error)) {
      if (JSON.stringify(loaded) !== good) t.fail(`${what}: it passes for another state`);
      continue;
    }
    refused++;
    const isNamed = loaded instanceof PuntError && codes.includes(loaded.code) && loaded.message.includes(path);
    if (!isNamed) t.fail(`${what}: ${loaded.stack}`);
  }
  writeFileSync(path, whole);
  return refused;
}
