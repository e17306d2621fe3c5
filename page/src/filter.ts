// The filter: words that a punt has, in any field or in a named one.
import type { Punt } from "./punt.js";

type Test = (punt: Punt) => boolean;

const FIELDS: Readonly<Record<string, (punt: Punt) => readonly string[]>> = {
  cnf: ({ id }) => [id.cnf],
  key: ({ id }) => [id.key],
  label: ({ id }) => [id.label],
  type: ({ type }) => [type],
  state: ({ state }) => [state],
  interface: ({ places, ends }) => [...places, ...ends.map(({ name }) => name)],
  by: ({ ends }) => ends.map(({ type }) => type),
};

/** Returns whether a punt passes a filter. */
export function filterOf(text: string): Test {
  const tests = text.toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
  return (punt) => tests.every((test) => test(punt));
}

function testOf(word: string): Test {
  if (word.startsWith("-") && word.length > 1) {
    const test = testOf(word.slice(1));
    return (punt) => !test(punt);
  }
  const [, field = "", value = ""] = /^([a-z]+):(.*)$/.exec(word) ?? [];
  const read = FIELDS[field];
  if (read === undefined) return ({ search }) => search.includes(word);
  return (punt) => read(punt).some((each) => each.toLowerCase().includes(value));
}
