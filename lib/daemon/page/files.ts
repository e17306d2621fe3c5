// The files of the page, as the build made them: read once, and served from memory.
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { PuntError } from "../../errors.js";
import { packageFile } from "../../package-root.js";

/** A file that is served. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  /** Whether its name has the hash of its content: a browser may keep it. */
  readonly isFixed: boolean;
}

/** Files by the path of their URL. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** The build's folder, `dist/page`. */
const FOLDER = packageFile("dist/page");
const START = "index.html";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Reads the files. @throws PuntError ENOENT: the page was not built; another errno name */
export async function loadPage(): Promise<PageFiles> {
  try {
    const names = (await readdir(FOLDER)).filter((name) => extname(name) in TYPES);
    if (!names.includes(START)) throw Object.assign(new Error(`it has no ${START}`), { code: "ENOENT" });
    return new Map(await Promise.all(names.map(load)));
  } catch (cause) {
    const { code = "EIO" } = cause as NodeJS.ErrnoException;
    const message = `cannot read the page in ${FOLDER}: in a clone, npm run build:page makes it`;
    throw new PuntError("daemon.start", code, message, { path: FOLDER }, cause);
  }
}

async function load(name: string): Promise<[string, PageFile]> {
  const isStart = name === START;
  const file = { type: TYPES[extname(name)]!, body: await readFile(join(FOLDER, name)), isFixed: !isStart };
  return [isStart ? "/" : `/${name}`, file];
}
