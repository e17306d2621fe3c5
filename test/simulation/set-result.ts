// The outcome of each punt of a set that was applied.
import type { ApplyResult, PuntId } from "../../lib/punt/index.js";

/**
 * Returns the code of each punt by its name: undefined if it is as the set says, `FAILED` if VPP or Linux refused what it needs.
 *
 * @throws an Error if a punt is in two lists
 */
export function codesIn(
  { added, updated, unchanged, deleted, failed }: ApplyResult,
  nameOf: (id: PuntId) => string,
): Map<string, string | undefined> {
  const done = [...[...added, ...updated, ...unchanged].map(({ id }) => id), ...deleted];
  const all: [string, string | undefined][] = [
    ...done.map((id): [string, undefined] => [nameOf(id), undefined]),
    ...failed.map(({ id }): [string, string] => [nameOf(id), "FAILED"]),
  ];
  const codes = new Map(all);
  if (codes.size !== all.length) throw new Error(`a punt is twice in the result of a set: ${JSON.stringify(all)}`);
  return codes;
}
