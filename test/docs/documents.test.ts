// Runs every snippet of README and docs as it stands: programs, commands and files.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test from "ava";
import ts from "typescript";
import { parse as parseYaml } from "yaml";
import { main } from "../support/cli/command.js";
import { vppProgram } from "../support/machine/programs.js";
import { need } from "../support/need.js";
import { type Snippet, snippetsOf } from "./snippets.js";

const documents = ["README.md", ...readdirSync("docs", { recursive: true }).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith(".md"),
);

/** Programs import the package by its name, which Node resolves inside the package's own folder. */
const programFolder = resolve("dist/snippets");
const TIMEOUT_MS = 100_000;

interface Ending {
  readonly status: number | null;
  readonly output: string;
}

/** A reader has VPP's programs in the PATH. */
const vpp = vppProgram();
const env = { ...process.env, ...(vpp && { PATH: `${dirname(vpp)}:${process.env.PATH}` }) };

function run(program: string, args: readonly string[], cwd: string): Promise<Ending> {
  return new Promise((ended) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"], timeout: TIMEOUT_MS, env });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("close", (status) => ended({ status, output: Buffer.concat(output).toString() }));
  });
}

/** Makes a project that has this package installed, as a reader of the document has one. */
function readersProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-docs-"));
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(resolve("."), join(folder, "node_modules/vpp-punt"));
  // npm does this when it installs a package.
  chmodSync(main, 0o755);
  symlinkSync(main, join(folder, "node_modules/.bin/vpp-punt"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  return folder;
}

function programFile(snippet: Snippet, extension: string): string {
  const name = snippet.where.replace(/\W+/g, "-");
  const file = join(programFolder, `${name}.${extension}`);
  mkdirSync(dirname(file), { recursive: true });
  return file;
}

/** TypeScript's snippets of all documents, as one program: the libraries' types are read once. */
let compiled: ts.Program | undefined;

function compileAll(): ts.Program {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    strict: true,
    skipLibCheck: true,
  };
  const snippets = documents.flatMap(snippetsOf).filter(({ language }) => language === "ts");
  const files = snippets.map((snippet) => {
    const file = programFile(snippet, "mts");
    writeFileSync(file, snippet.code);
    return file;
  });
  return ts.createProgram(files, options);
}

/** Compiles a TypeScript snippet as a reader's project would; returns the compiler's complaints. */
function compile(file: string): string[] {
  compiled ??= compileAll();
  const source = compiled.getSourceFile(file);
  const complaints = [...ts.getPreEmitDiagnostics(compiled, source), ...compiled.emit(source).diagnostics];
  return complaints.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

type Check = (snippet: Snippet, folder: string) => Promise<string>;

/** How a block of each language is tried: resolves with what is wrong with it, or "". */
const checks: Readonly<Record<string, Check>> = {
  js: (snippet, folder) => runProgram(snippet, programFile(snippet, "mjs"), folder),
  ts: async (snippet, folder) => {
    const file = programFile(snippet, "mts");
    const complaints = compile(file);
    if (complaints.length > 0) return complaints.join("\n");
    return failure(await run(process.execPath, [file.replace(/mts$/, "mjs")], folder));
  },
  sh: async (snippet, folder) => failure(await run("bash", ["-euo", "pipefail", "-c", snippet.code], folder)),
  json: async (snippet) => thrownBy(() => JSON.parse(snippet.code)),
  yaml: async (snippet) => thrownBy(() => parseYaml(snippet.code)),
};

/** Languages of blocks that show something: output, a drawing, a file of another program. */
const SHOWN = new Set(["text", "ini", "proto", "dockerfile"]);

/** Why a block may stay unrun: it needs what no test machine has, or CI runs it elsewhere. */
const UNRUN = [
  "both are checks of their own in CI",
  "needs a running VPP",
  "needs VPP",
  "the next block runs it",
  "needs a cluster that has stopped",
  "needs a VPP that StoneWork has configured",
  "needs a StoneWork agent",
  "changes the machine",
  "the package of this version is not on the registry",
];

async function runProgram({ code }: Snippet, file: string, folder: string): Promise<string> {
  writeFileSync(file, code);
  return failure(await run(process.execPath, [file], folder));
}

function failure({ status, output }: Ending): string {
  return status === 0 ? "" : `exit status ${status}\n${output}`;
}

function thrownBy(body: () => unknown): string {
  try {
    body();
    return "";
  } catch (error) {
    return String(error);
  }
}

function declare(snippet: Snippet, folder: string): void {
  const title = `${snippet.where}: the ${snippet.language} block works as it stands`;
  if (snippet.notRun !== undefined) {
    if (!UNRUN.includes(snippet.notRun))
      throw new Error(`${snippet.where}: "${snippet.notRun}" is not a reason to skip`);
    test.skip(`${title} [skipped: ${snippet.notRun}]`, () => {});
    return;
  }
  need(...snippet.needs).test.serial(title, async (t) => {
    t.timeout(TIMEOUT_MS + 10_000);
    const check = checks[snippet.language];
    if (check === undefined) throw new Error(`blocks of language "${snippet.language}" are not tested`);
    t.is(await check(snippet, folder), "");
  });
}

test("every document has its blocks read, and the README's first one is run", (t) => {
  t.true(documents.includes("README.md") && documents.includes("docs/guides.md"));
  const [first] = snippetsOf("README.md").filter(({ language }) => language in checks && language !== "sh");
  t.like(first, { notRun: undefined, needs: [] });
});

test("a block that waits for a line of a program's log removes the log of an earlier run first", (t) => {
  for (const { where, code } of documents.flatMap(snippetsOf).filter(({ language }) => language === "sh")) {
    const [, log] = /(?:until|while) .*grep -\w+ .* (\S+\.log); do/.exec(code) ?? [];
    if (log !== undefined) t.true(code.includes(`rm -f ${log}\n`), `${where}: ${log}`);
  }
});

for (const document of documents) {
  const blocks = snippetsOf(document);
  const snippets = blocks.filter(({ language }) => !SHOWN.has(language));
  if (snippets.length === 0) continue;
  // Blocks of one document share a folder: a command finds the files that earlier blocks show.
  const folder = readersProject();
  for (const { file, code } of blocks) if (file !== undefined) writeFileSync(join(folder, file), code);
  test.after.always(`the folder of ${document} is removed`, () => rmSync(folder, { recursive: true, force: true }));
  for (const snippet of snippets) declare(snippet, folder);
}
