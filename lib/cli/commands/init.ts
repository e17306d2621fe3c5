// `vpp-punt init`: a new CNF's project.
import { mkdir, open, readdir, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { PuntError } from "../../errors.js";
import { packageVersion } from "../../package-root.js";
import { projectFiles } from "../init/index.js";
import { json, print } from "../output/index.js";

interface Options {
  readonly udp: number;
  readonly name?: string;
  readonly package?: string;
  readonly output: string;
}

const OP = "vpp-punt.init";

export async function run(folder: string, { udp: port, name, package: spec, output }: Options): Promise<void> {
  const path = resolve(folder);
  const label = name ?? labelOf(basename(path));
  const files = projectFiles({ name: checked(label), port, package: spec ?? `^${packageVersion()}` });
  await requireEmpty(path);
  await writeAll(path, files);
  const names = Object.keys(files);
  if (output === "json") print(json({ folder: path, name: label, files: names }));
  else
    print(
      [...names.map((file) => `${folder}/${file}`), "", `Next: cd ${folder} && npm install && npm test`].join("\n"),
    );
}

/** The folder's name as npm and a CNF's label allow it. */
function labelOf(folder: string): string {
  return folder
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

function checked(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) return name;
  const rule = "1 to 63 small letters, digits and '-', not '-' first: give another with --name";
  throw new PuntError(OP, "ERR_USAGE", `"${name}" cannot be the name of a CNF: it is ${rule}`, { name });
}

/** Writes all files or, with a full disk for example, none: half a project would look like a whole one. */
async function writeAll(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  const made: string[] = [];
  try {
    for (const [file, text] of Object.entries(files)) {
      await makeFolder(dirname(join(path, file)), made);
      await makeFile(join(path, file), text, made);
    }
  } catch (error) {
    for (const each of made.reverse()) await rm(each, { force: true }).catch(() => rmdir(each).catch(() => {}));
    throw error;
  }
}

/** Makes one folder, not its parents: Node.js never ends where it makes parents below /proc. */
async function makeFolder(path: string, made: string[]): Promise<void> {
  try {
    await mkdir(path);
    made.push(path);
  } catch (cause) {
    const { code = "EIO", message } = cause as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw new PuntError(OP, code, `cannot make the folder ${path}: ${message}`, { path }, cause);
  }
}

async function makeFile(path: string, text: string, made: string[]): Promise<void> {
  try {
    const file = await open(path, "wx");
    made.push(path);
    await file.writeFile(text).finally(() => file.close());
  } catch (cause) {
    const { code = "EIO", message } = cause as NodeJS.ErrnoException;
    throw new PuntError(OP, code, `cannot write ${path}: ${message}; nothing of the project is left`, { path }, cause);
  }
}

/** Nothing of the user's is overwritten. */
async function requireEmpty(path: string): Promise<void> {
  const found = await readdir(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new PuntError(OP, cause.code ?? "EIO", `cannot use the folder ${path}: ${cause.message}`, { path }, cause);
  });
  const visible = found.filter((name) => name !== ".git");
  if (visible.length === 0) return;
  const message = `the folder ${path} has files already, such as ${visible[0]}: name a new one`;
  throw new PuntError(OP, "ENOTEMPTY", message, { path });
}
