// One dialect in all of lib/: captions, privacy, constants, errors, docstrings, closing, ports.
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import test from "ava";
import ts from "typescript";
import * as binapi from "../../lib/binapi/index.js";
import * as daemon from "../../lib/daemon/index.js";
import * as main from "../../lib/index.js";
import * as module from "../../lib/module/index.js";
import * as sim from "../../lib/sim/index.js";
import * as stonework from "../../lib/stonework/index.js";
import * as testing from "../../lib/testing/index.js";
import { libraryFiles, parse, placeOf, projectFiles } from "./source.js";

/** The first line of a file, behind the name of its interpreter: a comment of several words. */
const CAPTION = /^(#!.*\n)?(\/\/|\/\*|#|""") ?\S+ \S/;

/** Every node of the library, with its place for messages. */
function* nodes(): Generator<{ node: ts.Node; place: string }> {
  for (const file of libraryFiles()) {
    const source = parse(file);
    const pending: ts.Node[] = [source];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      yield { node, place: placeOf(source, node) };
      ts.forEachChild(node, (child) => void pending.push(child));
    }
  }
}

/** Whether a header says what the file holds: its caption is for both. */
const hasHeader = (file: string) => /\.cc?$/.test(file) && existsSync(file.replace(/\.cc?$/, ".h"));

test("a file begins with a caption that says what it holds", (t) => {
  const code = projectFiles().filter((file) => /\.([cm]?ts|[cm]js|cc?|h|sh|py)$/.test(file) && !hasHeader(file));
  for (const file of code) t.regex(readFileSync(file, "utf8"), CAPTION, file);
});

test("a comment begins with its subject or a verb", (t) => {
  for (const file of projectFiles().filter((name) => /\.([cm]?ts|[cm]js|cc?|h)$/.test(name))) {
    const found = /(?:\/\*\*|\/\/\/?) (?:What|Who|Whose|That|Those) .*/.exec(readFileSync(file, "utf8"));
    t.is(found?.[0], undefined, file);
  }
});

test("private members are #x; a constructor alone may be private", (t) => {
  for (const { node, place } of nodes()) {
    if (node.kind !== ts.SyntaxKind.PrivateKeyword) continue;
    t.true(ts.isConstructorDeclaration(node.parent), `${place} has a private member without #`);
  }
});

function isPrimitive(value: ts.Expression): boolean {
  if (ts.isPrefixUnaryExpression(value)) return isPrimitive(value.operand);
  if (ts.isBinaryExpression(value)) return isPrimitive(value.left) && isPrimitive(value.right);
  if (ts.isParenthesizedExpression(value)) return isPrimitive(value.expression);
  return ts.isLiteralExpression(value) && !ts.isRegularExpressionLiteral(value)
    ? true
    : value.kind === ts.SyntaxKind.TrueKeyword || value.kind === ts.SyntaxKind.FalseKeyword;
}

test("a module's constants of a primitive value are UPPER_CASE", (t) => {
  for (const { node, place } of nodes()) {
    if (!ts.isVariableDeclaration(node) || node.initializer === undefined || !isPrimitive(node.initializer)) continue;
    const isConst = (node.parent.flags & ts.NodeFlags.Const) !== 0;
    if (!isConst || !ts.isSourceFile(node.parent.parent.parent)) continue;
    t.regex(node.name.getText(), /^[A-Z][A-Z0-9_]*$/, place);
  }
});

test("parameters of functions are words, not `it`", (t) => {
  for (const { node, place } of nodes()) {
    if (ts.isParameter(node)) t.not(node.name.getText(), "it", place);
  }
});

/** The string literals that an expression may evaluate to. */
function literals(value: ts.Expression): string[] {
  if (ts.isStringLiteral(value)) return [value.text];
  if (ts.isConditionalExpression(value)) return [...literals(value.whenTrue), ...literals(value.whenFalse)];
  return [];
}

test("an error code is ERR_ and a word, a name of Linux's errno, or VPP's own name", (t) => {
  for (const { node, place } of nodes()) {
    if (!ts.isNewExpression(node) || node.expression.getText() !== "PuntError") continue;
    const code = node.arguments?.[1];
    for (const word of code === undefined ? [] : literals(code)) {
      const known = /^ERR_[A-Z0-9_]+$/.test(word) || word in constants.errno || word in binapi.VNET_ERRORS;
      t.true(known, `${place} throws ${word}`);
    }
  }
});

test("an option's error names it in details.option", (t) => {
  for (const { node, place } of nodes()) {
    if (!ts.isNewExpression(node) || node.expression.getText() !== "PuntError") continue;
    const [, code, , details] = node.arguments ?? [];
    if (code === undefined || !ts.isStringLiteral(code) || code.text !== "ERR_OPTION") continue;
    t.regex(details?.getText() ?? "", /\boption\b/, place);
  }
});

test("a docstring says @throws", (t) => {
  for (const file of libraryFiles()) {
    const docstrings = readFileSync(file, "utf8").match(/\/\*\*[\s\S]*?\*\//g) ?? [];
    for (const docstring of docstrings) t.notRegex(docstring, /\bThrows\b/, file);
  }
});

/** Places where the listeners are not a program's: Node.js's own server and HTTP/2 sessions, and the wire of the embedded VPP. */
const OWN_LISTENERS = /^lib\/(daemon\/doors\/|sim\/|grpc\/http2-sessions)/;

test("listeners are called by `guarded`: an error of theirs does not break off a change", (t) => {
  for (const { node, place } of nodes()) {
    if (!ts.isCallExpression(node) || !node.expression.getText().endsWith(".emit") || OWN_LISTENERS.test(place))
      continue;
    let around: ts.Node = node;
    while (!ts.isCallExpression(around) || around.expression.getText() !== "guarded") {
      if (ts.isSourceFile(around)) break;
      around = around.parent;
    }
    t.false(ts.isSourceFile(around), `${place} calls listeners without a guard`);
  }
});

/** The public classes, each with its members that are not internal. */
function publicClasses(): Map<string, Set<string>> {
  const entries: object[] = [main, binapi, sim, testing, module, daemon, stonework];
  const names = new Set(entries.flatMap((entry) => Object.keys(entry)));
  const found = new Map<string, Set<string>>();
  for (const { node } of nodes()) {
    if (!ts.isClassDeclaration(node) || node.name === undefined || !names.has(node.name.text)) continue;
    const open = node.members.filter(
      (member) => !ts.getJSDocTags(member).some((tag) => tag.tagName.text === "internal"),
    );
    found.set(node.name.text, new Set(open.map((member) => member.name?.getText() ?? "")));
  }
  return found;
}

test("everything that can be closed is disposable", (t) => {
  for (const [name, members] of publicClasses()) {
    if (!members.has("close")) continue;
    t.true(members.has("[Symbol.dispose]") || members.has("[Symbol.asyncDispose]"), name);
  }
});

/** A punt of a CNF is not a port. It has ports, and its status says more than a port's counters. */
const NO_PORTS = ["OpenPunt"];

test("a port has receive, stats, ref and unref", (t) => {
  for (const [name, members] of publicClasses()) {
    for (const other of ["statistics", "onBatch", "setReferenced", "setRef"]) t.false(members.has(other), name);
    if (!members.has("receive") || !members.has("close") || NO_PORTS.includes(name)) continue;
    for (const member of ["stats", "ref", "unref"]) t.true(members.has(member), `${name} lacks ${member}`);
  }
});
