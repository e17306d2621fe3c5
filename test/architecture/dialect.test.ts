import { readFileSync } from "node:fs";
import { constants } from "node:os";
import test from "ava";
import ts from "typescript";
import { VNET_ERRORS } from "../../lib/binapi/index.js";
import { libraryFiles, parse, placeOf } from "./source.js";

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

test("a file begins with a caption that says what it holds", (t) => {
  for (const file of libraryFiles()) {
    t.regex(readFileSync(file, "utf8"), /^(#!.*\n)?\/\/ \S+ \S/, file);
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
      const known = /^ERR_[A-Z0-9_]+$/.test(word) || word in constants.errno || word in VNET_ERRORS;
      t.true(known, `${place} throws ${word}`);
    }
  }
});
