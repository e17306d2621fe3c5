// Undoes after `npm pack` what prepack.mjs did to dist/entries.
import { unbundle } from "./bundle.mjs";

unbundle();
