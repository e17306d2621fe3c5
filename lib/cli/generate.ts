// `vpp-punt generate`: TypeScript types for the messages of a VPP.
import { statSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { Vpp } from "../binapi/client.js";
import { generateTypes } from "../binapi/generate.js";
import { Schema } from "../binapi/schema.js";
import { DEFAULT_API_FOLDER, fetchSchema } from "../binapi/schema-source.js";
import { PuntError } from "../errors.js";

interface Options {
  from: string;
  out: string;
  trace?: string;
}

export function register(program: Command): void {
  program
    .command("generate")
    .description("write TypeScript types, so that vpp.call() is checked for every message of a VPP")
    .requiredOption("--from <folder or socket>", "folder of .api.json files, or a VPP's API socket", DEFAULT_API_FOLDER)
    .requiredOption("--out <file>", "file to write; - for standard output")
    .option("--trace <file>", "write every API message, both ways, to the file as JSON lines")
    .action(generate);
}

async function generate({ from, out, trace }: Options): Promise<void> {
  const schema = isSocket(from) ? await schemaOf(from, trace) : await Schema.fromDirectory(from);
  const source = generateTypes(schema, { augment: "vpp-punt/binapi" });
  if (out === "-") process.stdout.write(source);
  else write(out, source);
  process.stderr.write(`${schema.names().length} messages of ${schema.origin}\n`);
}

function isSocket(path: string): boolean {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) throw new PuntError("generate", "ENOENT", `there is no ${path}`, { path });
  return info.isSocket();
}

async function schemaOf(socketPath: string, trace: string | undefined): Promise<Schema> {
  const vpp = await Vpp.connect({ socketPath, schema: "builtin", ...(trace === undefined ? {} : { trace }) });
  try {
    return await fetchSchema((request) => vpp.call(request));
  } finally {
    await vpp.close();
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new PuntError("generate", code ?? "EIO", message, { path }, cause);
  }
}
