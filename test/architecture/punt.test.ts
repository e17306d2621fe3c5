// A punt type or a kind of items is one file: nothing else names it.
import test from "ava";
import ts from "typescript";
import { kinds } from "../../lib/punt/items/index.js";
import { PUNT_TYPES } from "../../lib/punt/request/index.js";
import { libraryFiles, parse, placeOf } from "./source.js";

/** Files that name types and kinds: the types, the items and the schema of requests. */
const NAMING = /^lib\/punt\/(types|items|request)\//;

/**
 * StoneWork's contract has an enum of punt types of its own. This file is the table between its names and ours: a type that is added
 * here is not in StoneWork's contract, so the file stays as it is.
 */
const WIRE_TABLE = "lib/stonework/request.ts";

/** `interface` is also a thing that punts wait for, `link` a form of interconnects, and `table` a form of output. */
const SHARED_WORDS = ["interface", "link", "table"];

/** Parts of lib/ that do not know lib/punt. Their words are VPP's: an ACL, the plugin ABX. */
const OF_VPP =
  /^lib\/(tracing\.ts$|(binapi|sim|native|packet|memif|punt-socket|packet-socket|descriptor|host|net|vpp)\/)/;

const TYPES: ReadonlySet<string> = new Set(PUNT_TYPES);
const TYPE_WORD = new RegExp(`(?<![\\w-])(${[...PUNT_TYPES].sort((a, b) => b.length - a.length).join("|")})(?![\\w-])`);
const KINDS: ReadonlySet<string> = new Set(kinds.map(([name]) => name).filter((name) => !SHARED_WORDS.includes(name)));

/** The text of a literal, or of the part of a template that a node is. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node.parent ?? node)) return undefined;
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
    ? node.text
    : undefined;
}

/** The kind that a literal is, or begins a key with. */
function kindIn(node: ts.Node): string | undefined {
  const text = textOf(node);
  if (text === undefined || ts.isLiteralTypeNode(node.parent)) return undefined;
  const [first = ""] = text.split("/");
  return KINDS.has(first) && (ts.isTemplateHead(node) || text.includes("/") || text === first) ? first : undefined;
}

/** The type that a literal names, in a message as well; the type that a property of a table is called. */
function typeIn(node: ts.Node): string | undefined {
  if (ts.isPropertyAssignment(node) && TYPES.has(node.name.getText())) return node.name.getText();
  return TYPE_WORD.exec(textOf(node) ?? "")?.[1];
}

/** The places where a file has a name. */
function namingPlaces(file: string, nameIn: (node: ts.Node) => string | undefined): string[] {
  const source = parse(file);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = nameIn(node);
    if (name !== undefined) found.push(`${placeOf(source, node)} names ${name}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const others = libraryFiles().filter(
  (file) => !NAMING.test(file) && !OF_VPP.test(file) && file !== WIRE_TABLE && !file.includes("/gen/"),
);

test("nothing outside of types/ and items/ names a punt type", (t) => {
  t.deepEqual(
    others.flatMap((file) => namingPlaces(file, typeIn)),
    [],
  );
});

test("nothing outside of types/ and items/ names a kind of items", (t) => {
  t.deepEqual(
    others.flatMap((file) => namingPlaces(file, kindIn)),
    [],
  );
});
