// Facts about the project's own source files, for tests of its architecture.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

/** Code that protoc-gen-es writes from proto/: no rule of style is for it. */
const isGenerated = (file: string) => file.endsWith("_pb.ts");

/** The files of the project as they would be committed, as paths from its root, without generated code. */
export function projectFiles(): string[] {
  const listed = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
  return listed.stdout
    .trimEnd()
    .split("\n")
    .filter((file) => existsSync(file) && !isGenerated(file));
}

/** The TypeScript files of the library. */
export function libraryFiles(): string[] {
  return projectFiles().filter((file) => file.startsWith("lib/") && file.endsWith(".ts"));
}

/** File and line of a node, as messages name it. */
export function placeOf(source: ts.SourceFile, node: ts.Node): string {
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
}

const parsed = new Map<string, ts.SourceFile>();

/** The syntax tree of a file, which is parsed once. */
export function parse(file: string): ts.SourceFile {
  const tree = parsed.get(file) ?? ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  parsed.set(file, tree);
  return tree;
}

/** The project's files that `file` imports, types included, as paths from the root. */
export function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, "utf8"))
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
    .map((name) => normalize(join(dirname(file), name)).replace(/\.js$/, ".ts"))
    .filter((name) => !isGenerated(name));
}

export interface FunctionSize {
  readonly name: string;
  readonly lines: number;
}

/** Every function of a file with a body, from its first line to its last. */
export function functionsOf(source: ts.SourceFile): FunctionSize[] {
  const found: FunctionSize[] = [];
  const line = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      const name = `${source.fileName}:${line(node.getStart()) + 1}`;
      found.push({ name, lines: line(node.getEnd()) - line(node.getStart()) + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
