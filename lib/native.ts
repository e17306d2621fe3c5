// The only file that loads the addon. Every native type is declared here.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PuntError } from "./errors.js";

/** What the loaded binary was built from and with (native/build_info.cc). */
export interface NativeBuildInfo {
  /** True for a binary built to run on any glibc from 2.31, which is how prebuilds are made. */
  portable: boolean;
  compiler: string;
  napiVersion: number;
  /** Whether VPP's library was linked in. */
  libmemif: boolean;
  vapi: boolean;
  /** JSON: per library, the places its build looked in and what it found: `[{ where, result }]`. */
  looked: string;
  libmemifVersion?: string;
}

interface Addon {
  initialize(errorClass: typeof PuntError): void;
  buildInfo(): NativeBuildInfo;
}

const require = createRequire(import.meta.url);
/** The package's root: this file is dist/lib/native.js in it. */
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), "../..");

function load(): Addon {
  try {
    return require("node-gyp-build")(packageRoot);
  } catch (cause) {
    const hint = "no binary of this package fits here; `npm rebuild vpp-punt` compiles one and says what it needs";
    const message = `${hint} (linux ${process.arch}, Node ${process.version}): ${(cause as Error).message.trim()}`;
    throw new PuntError("load", "ADDON_UNAVAILABLE", message, undefined, cause);
  }
}

export const native: Addon = load();
native.initialize(PuntError);
