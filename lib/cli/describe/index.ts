// The command line described for others: shells and readers of man pages.
export { completion } from "./completion.js";
export { manPage } from "./man.js";
export { requestReference } from "./requests.js";
