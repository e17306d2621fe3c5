// lib/punt is a staircase, and a punt type or a kind of items is one file: nothing else names it.
import test from "ava";
import ts from "typescript";
import { kinds } from "../../lib/punt/items/index.js";
import { PUNT_TYPES } from "../../lib/punt/request/index.js";
import { importsOf, libraryFiles, parse, placeOf } from "./source.js";

const TOP = "lib/punt";
const MOST_ROOMS = 20;
const MOST_ARROWS = 80;

/** The rooms of lib/punt from the ground up. Each imports only rooms that come before it. */
const FLOORS = [
  "request",
  "interconnect",
  "items",
  "store",
  "types",
  "plan",
  "metadata.ts",
  "reconcile",
  "state.ts",
  "attach.ts",
  "punts.ts",
  "desired",
  "options.ts",
  "default-host.ts",
  "worker",
  "set.ts",
  "manager.ts",
  "index.ts",
];

const files = libraryFiles().filter((file) => file.startsWith(`${TOP}/`));

/** The part of lib/punt that a file belongs to: a folder, or a file beside the folders. */
function roomOf(file: string): string {
  return file.slice(TOP.length + 1).split("/")[0]!;
}

function arrows(): Set<string> {
  const found = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => files.includes(imported) && roomOf(imported) !== roomOf(file))
      .map((imported) => `${roomOf(file)} -> ${roomOf(imported)}`),
  );
  return new Set(found);
}

test("lib/punt is a staircase: few rooms, few arrows, all of them down", (t) => {
  const rooms = new Set(files.map(roomOf));
  t.deepEqual([...rooms].sort(), [...FLOORS].sort());
  t.true(rooms.size <= MOST_ROOMS, `${rooms.size} rooms`);
  t.true(arrows().size <= MOST_ARROWS, `${arrows().size} arrows`);
  for (const arrow of arrows()) {
    const [from, to] = arrow.split(" -> ") as [string, string];
    t.true(FLOORS.indexOf(to) < FLOORS.indexOf(from), arrow);
  }
});

/** Files that name types and kinds: the types, the items and the schema of requests. */
const NAMING = /^lib\/punt\/(types|items|request)\//;

/** `interface` is also what punts wait for, and a form of links. */
const SHARED_WORDS = ["interface", "link"];

const TYPES: ReadonlySet<string> = new Set(PUNT_TYPES);
const KINDS: ReadonlySet<string> = new Set(kinds.map(([name]) => name).filter((name) => !SHARED_WORDS.includes(name)));

/** The name of a type or a kind that a literal is, or begins a key with. */
function nameIn(node: ts.Node, names: ReadonlySet<string>): string | undefined {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateHead(node)) return undefined;
  if (ts.isImportDeclaration(node.parent) || ts.isLiteralTypeNode(node.parent)) return undefined;
  const [first = ""] = node.text.split("/");
  const isKey = ts.isTemplateHead(node) || node.text.includes("/");
  return names.has(first) && (isKey || node.text === first) ? first : undefined;
}

/** The places where a file names one of `names`. */
function namingPlaces(file: string, names: ReadonlySet<string>): string[] {
  const source = parse(file);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = nameIn(node, names);
    if (name !== undefined) found.push(`${placeOf(source, node)} names ${name}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test("nothing outside of types/ and items/ names a punt type or a kind of items", (t) => {
  const others = files.filter((file) => !NAMING.test(file));
  t.deepEqual(
    others.flatMap((file) => namingPlaces(file, new Set([...TYPES, ...KINDS]))),
    [],
  );
  const above = libraryFiles().filter((file) => /^lib\/cli\//.test(file));
  t.deepEqual(
    above.flatMap((file) => namingPlaces(file, TYPES)),
    [],
  );
});
