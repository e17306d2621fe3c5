// The only file that loads the addon. Every native type is declared here.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PuntError } from "./errors.js";

interface Addon {
  initialize(errorClass: typeof PuntError): void;
}

const require = createRequire(import.meta.url);
/** The package's root: this file is dist/lib/native.js in it. */
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), "../..");

export const native: Addon = require("node-gyp-build")(packageRoot);
native.initialize(PuntError);
