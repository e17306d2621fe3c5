// The text of the built-in definitions as a table: what each release has under each name, and back to text.

const WIDTH = 116;

/**
 * The definitions in `text`, in their order.
 *
 * An entry is a line to keep (`{ keep }`), a module (`{ module, from }`) or a definition
 * (`{ module, kind, name, bodies }`); `bodies` has the text behind the name for each of `releases` that has it.
 */
export function readNotation(text, releases) {
  const entries = [];
  const known = new Map();
  let module;
  for (const line of text.replace(/\n +/g, " ").split("\n")) {
    if (line === "" || line.startsWith("#")) {
      entries.push({ keep: line });
      continue;
    }
    const [kind, head, ...rest] = line.split(" ");
    if (kind === "module") {
      module = head;
      entries.push({ keep: line, module, foreign: rest.length > 0 });
      continue;
    }
    const { name, first, last } = rangeOf(head, releases);
    const key = `${kind} ${name}`;
    let entry = known.get(key);
    if (entry === undefined) {
      entry = { module, kind, name, bodies: new Map() };
      known.set(key, entry);
      entries.push(entry);
    }
    for (const release of releases.slice(first, last + 1)) entry.bodies.set(release, rest.join(" "));
  }
  return entries;
}

function rangeOf(head, releases) {
  const [, name, first, last] = /^(\w+)(?:\[([\d.]*)-([\d.]*)\])?$/.exec(head);
  return {
    name,
    first: first ? releases.indexOf(first) : 0,
    last: last ? releases.indexOf(last) : releases.length - 1,
  };
}

/** The text of `entries`, with the ranges that `releases` need. */
export function writeNotation(entries, releases) {
  return entries.flatMap((entry) => (entry.keep === undefined ? linesOf(entry, releases) : [entry.keep])).join("\n");
}

function linesOf({ kind, name, bodies }, releases) {
  const runs = [];
  for (const [index, release] of releases.entries()) {
    const body = bodies.get(release);
    const run = runs.at(-1);
    if (body === undefined) continue;
    if (run?.body === body && run.last === index - 1) run.last = index;
    else runs.push({ body, first: index, last: index });
  }
  return runs.map(({ body, first, last }) => wrap(`${kind} ${name}${range(first, last, releases)} ${body}`.trimEnd()));
}

function range(first, last, releases) {
  const isFirst = first === 0;
  const isLast = last === releases.length - 1;
  if (isFirst && isLast) return "";
  return `[${isFirst ? "" : releases[first]}-${isLast ? "" : releases[last]}]`;
}

/** A long line is continued on lines that start with blanks. */
function wrap(line) {
  const lines = [""];
  for (const word of line.split(" ")) {
    const current = lines.at(-1);
    if (current !== "" && current.length + 1 + word.length > WIDTH) lines.push(`  ${word}`);
    else lines[lines.length - 1] = current === "" ? word : `${current} ${word}`;
  }
  return lines.join("\n");
}
