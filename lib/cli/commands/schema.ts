// `vpp-punt schema`: the JSON schema of a request, or of a file of punts.
import { writeFile } from "node:fs/promises";
import { fileJsonSchema, requestJsonSchema } from "../../punt/index.js";
import { requestReference } from "../describe/index.js";
import { json, print } from "../output/index.js";

export async function run({
  file,
  markdown,
  out,
}: {
  file?: boolean;
  markdown?: boolean;
  out?: string;
}): Promise<void> {
  const text = markdown
    ? requestReference(requestJsonSchema()).trimEnd()
    : json(file ? fileJsonSchema() : requestJsonSchema());
  if (out === undefined) print(text);
  else await writeFile(out, `${text}\n`);
}
