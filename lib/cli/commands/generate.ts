// `vpp-punt generate`: TypeScript types for the messages of a VPP.
import { statSync, writeFileSync } from "node:fs";
import { generateTypes, Schema, Vpp } from "../../binapi/index.js";
import { PuntError } from "../../errors.js";
import { printError, write } from "../output/index.js";

interface Options {
  from: string;
  out: string;
  trace?: string;
}

export async function run({ from, out, trace }: Options): Promise<void> {
  const schema = isSocket(from) ? await schemaOf(from, trace) : await Schema.fromDirectory(from);
  const source = generateTypes(schema, { augment: "vpp-punt/binapi" });
  if (out === "-") write(source);
  else save(out, source);
  printError(`${schema.names().length} messages of ${schema.origin}`);
}

function isSocket(path: string): boolean {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) throw new PuntError("generate", "ENOENT", `there is no ${path}`, { path });
  return info.isSocket();
}

/** The definitions that a running VPP gives of itself. */
async function schemaOf(socketPath: string, trace: string | undefined): Promise<Schema> {
  const vpp = await Vpp.connect({ socketPath, schema: "builtin", ...(trace === undefined ? {} : { trace }) });
  try {
    if (!vpp.has("get_api_json")) {
      const text =
        "this VPP does not describe itself (get_api_json came with 24.06): name its folder of .api.json files";
      throw new PuntError("generate", "ERR_NO_MESSAGE", text, { message: "get_api_json" });
    }
    const { json } = (await vpp.call("get_api_json")) as { json: string };
    // VPP counts its C string's terminator in.
    return Schema.fromApiJsonText(json.replace(/\0+$/, ""), "the running VPP");
  } finally {
    await vpp.close();
  }
}

function save(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new PuntError("generate", code ?? "EIO", message, { path }, cause);
  }
}
