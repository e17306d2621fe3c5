// The .api.json files of five VPP releases, beside the project's folder where they exist: too large to be part of it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** This file is dist/test/support/vpp/release-files.js. */
const root = join(dirname(fileURLToPath(import.meta.url)), "../../../..");

/** The folder, or undefined where it is missing. */
export const vppApiFolder: string | undefined = [join(root, "../shared/vpp-api")].find((folder) => existsSync(folder));
