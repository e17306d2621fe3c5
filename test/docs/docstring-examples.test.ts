// The examples in the docstrings of the public API: each public function has one, and all of them compile.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "ava";
import ts from "typescript";

const ENTRIES = ["index", "binapi/index", "module/index", "daemon/index", "testing/index", "stonework/index"];
const declarations = ENTRIES.map((entry) => resolve(`dist/lib/${entry}.d.ts`));
/** Statics that make an object of their class. */
const MAKES = /^(open|start|spawn|adopt|connect|attach|on|own|compile|parse|builtin|from\w+)$/;

interface Example {
  /** The function or the method, and the number of the example in its docstring. */
  readonly name: string;
  readonly code: string;
}

function tagsOf(node: ts.Node): readonly ts.JSDocTag[] {
  return ts.getJSDocTags(node);
}

function isInternal(node: ts.Node): boolean {
  return tagsOf(node).some(({ tagName }) => tagName.text === "internal");
}

/** Returns the examples in a docstring. */
function examplesOf(node: ts.Node, name: string): Example[] {
  return tagsOf(node)
    .filter(({ tagName }) => tagName.text === "example")
    .map(({ comment }, index) => {
      const text = ts.getTextOfJSDocComment(comment) ?? "";
      const code = /^```ts\n(.*)\n```$/s.exec(text.trim())?.[1];
      if (code === undefined) throw new Error(`${name}: an example is a block of \`\`\`ts`);
      return { name: `${name} ${index + 1}`, code };
    });
}

interface Published {
  readonly name: string;
  readonly node: ts.Node;
  readonly needsExample: boolean;
  /** The class that the method is of, or that the node is. */
  readonly ofClass?: string | undefined;
}

/** The functions of the entries, and the methods of their classes and interfaces. */
function* published(): Generator<Published> {
  const checker = program.getTypeChecker();
  const seen = new Set<ts.Node>();
  for (const entry of declarations) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      for (const node of symbol.declarations ?? []) {
        if (seen.has(node) || isInternal(node)) continue;
        seen.add(node);
        if (ts.isFunctionDeclaration(node)) yield { name: symbol.name, node, needsExample: true };
        if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) yield* members(node);
      }
    }
  }
}

function* members(owner: ts.ClassDeclaration | ts.InterfaceDeclaration): Generator<Published> {
  const ofClass = ts.isClassDeclaration(owner) ? owner.name!.text : undefined;
  for (const node of [owner, ...owner.members]) {
    const method = node === owner ? "" : (node.name?.getText() ?? "constructor");
    const flags = ts.getCombinedModifierFlags(node as ts.Declaration);
    if (flags & ts.ModifierFlags.Private || isInternal(node)) continue;
    const needsExample = ts.isMethodDeclaration(node) && (flags & ts.ModifierFlags.Static) !== 0 && MAKES.test(method);
    yield { name: `${owner.name!.text}.${method}`, node, needsExample, ofClass };
  }
}

/** The project's options, without an output: with one, the compiler would look for the sources behind the declarations. */
function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile("tsconfig.json", (file) => readFileSync(file, "utf8"));
  const { outDir, rootDir, tsBuildInfoFile, incremental, noUnusedLocals, ...rest } = config.compilerOptions;
  return { ...ts.convertCompilerOptionsFromJson(rest, ".").options, noEmit: true };
}

const options = compilerOptions();
const host = ts.createCompilerHost(options);
const program = ts.createProgram(declarations, options, host);
const fileOf = (index: number) => resolve(`docstring-example-${index}.mts`);

/** Makes a program of the examples, each a module of a user of the package. */
function compiled(examples: readonly Example[]): ts.Program {
  const texts = new Map(examples.map(({ code }, index) => [fileOf(index), `${code}\nexport {};\n`]));
  const withExamples: ts.CompilerHost = {
    ...host,
    fileExists: (file) => texts.has(file) || host.fileExists(file),
    readFile: (file) => texts.get(file) ?? host.readFile(file),
    getSourceFile: (file, version, ...rest) => {
      const text = texts.get(file);
      return text === undefined
        ? (program.getSourceFile(file) ?? host.getSourceFile(file, version, ...rest))
        : ts.createSourceFile(file, text, version);
    },
  };
  return ts.createProgram([...texts.keys()], options, withExamples);
}

/** Returns what the compiler says against an example, with the example's name. */
function problemsOf(examples: readonly Example[]): string[] {
  const user = compiled(examples);
  return examples.flatMap(({ name }, index) => {
    const file = user.getSourceFile(fileOf(index))!;
    const found = [...user.getSyntacticDiagnostics(file), ...user.getSemanticDiagnostics(file)];
    return found.map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  });
}

const all = [...published()];
const examples = all.flatMap(({ name, node }) => examplesOf(node, name));

test("each public function, and each static that makes an object, has an example", (t) => {
  const needing = all.filter(({ needsExample }) => needsExample);
  t.true(needing.length > 40, `${needing.length}`);
  const without = needing.filter(({ name, node }) => examplesOf(node, name).length === 0);
  t.deepEqual(
    without.map(({ name }) => name),
    [],
  );
});

test("each public class has an example, of itself or of one of its methods", (t) => {
  const classes = new Set(all.flatMap(({ ofClass }) => ofClass ?? []));
  t.true(classes.size > 40, `${classes.size}`);
  for (const { name, node, ofClass } of all) if (examplesOf(node, name).length > 0 && ofClass) classes.delete(ofClass);
  t.deepEqual([...classes], []);
});

test("a program in a docstring is an example: others are not compiled", (t) => {
  const textOf = (node: ts.Node) =>
    ts.getJSDocCommentsAndTags(node).map((doc) => (ts.isJSDoc(doc) ? ts.getTextOfJSDocComment(doc.comment) : ""));
  const untagged = all.filter(({ node }) => textOf(node).some((text) => text?.includes("```")));
  t.deepEqual(
    untagged.map(({ name }) => name),
    [],
  );
});

test("the examples are programs that compile", (t) => {
  t.true(examples.length > 40, `${examples.length}`);
  t.deepEqual(problemsOf(examples), []);
});

test("the check of examples finds a wrong option, and a name that is not imported", (t) => {
  const wrong = [
    { name: "option", code: 'import { Memif } from "vpp-punt";\nMemif.open({ role: "clinet" });' },
    { name: "name", code: "Memif.attach(1);" },
  ];
  t.deepEqual(
    problemsOf(wrong).map((problem) => problem.split(":")[0]),
    ["option", "name"],
  );
});
