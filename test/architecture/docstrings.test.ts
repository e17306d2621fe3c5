// The docstrings of public functions and methods: each has one, which begins with a verb in the third person.
import test from "ava";
import ts from "typescript";
import * as binapi from "../../lib/binapi/index.js";
import * as daemon from "../../lib/daemon/index.js";
import * as main from "../../lib/index.js";
import * as module from "../../lib/module/index.js";
import * as stonework from "../../lib/stonework/index.js";
import * as testing from "../../lib/testing/index.js";
import { libraryFiles, parse, placeOf } from "./source.js";

const entries: object[] = [main, binapi, daemon, module, stonework, testing];
const names = new Set(entries.flatMap((entry) => Object.keys(entry)));
const statements = libraryFiles().flatMap((file) => [...parse(file).statements]);
const interfaces = statements.filter(ts.isInterfaceDeclaration);

/** "Opens", "Returns", "Does": a word in -s. Docstrings of callbacks begin with "Called". */
const VERB = /^([A-Z][a-z]+s|Called)\b/;
/** Words in -s that are not such verbs. */
const NOUNS = /^(This|Its|Always|Bytes|Packets|Frames|Options|Files|Addresses)\b/;

function docOf(node: ts.Node): string | undefined {
  const docstring = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1);
  return docstring && (ts.getTextOfJSDocComment(docstring.comment) ?? "").trim();
}

function isHidden(node: ts.Declaration): boolean {
  const isInternal = ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
  const name = ts.getNameOfDeclaration(node);
  const isUnnamed = name === undefined || ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name);
  return isInternal || isUnnamed || (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0;
}

/** Whether an interface that the class implements describes the method. */
function isInherited(owner: ts.ClassDeclaration, method: string): boolean {
  const bases = (owner.heritageClauses ?? []).flatMap(({ types }) =>
    types.map(({ expression }) => expression.getText()),
  );
  return bases.some((base) =>
    interfaces
      .filter(({ name }) => name.text === base)
      .some(({ members }) =>
        members.some((member) => member.name?.getText() === method && docOf(member) !== undefined),
      ),
  );
}

/** The public functions, and the methods of public classes that no interface describes. */
function* published(): Generator<ts.Declaration> {
  for (const statement of statements) {
    if (!(ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) || !statement.name) continue;
    const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
    if (!isExported || !names.has(statement.name.text) || isHidden(statement)) continue;
    if (ts.isFunctionDeclaration(statement)) yield statement;
    else {
      const methods = statement.members.filter((member) => ts.isMethodDeclaration(member) && !isHidden(member));
      yield* methods.filter((method) => !isInherited(statement, method.name!.getText()));
    }
  }
}

function problemOf(declaration: ts.Declaration): string | undefined {
  const place = placeOf(declaration.getSourceFile(), declaration);
  const text = docOf(declaration);
  if (text === undefined) return `${place} has no docstring`;
  return VERB.test(text) && !NOUNS.test(text) ? undefined : `${place} begins with "${text.slice(0, 30)}"`;
}

test("the docstring of a public function begins with a verb in the third person", (t) => {
  const declarations = [...published()];
  t.true(declarations.length > 200);
  t.deepEqual(
    declarations.flatMap((declaration) => problemOf(declaration) ?? []),
    [],
  );
});
