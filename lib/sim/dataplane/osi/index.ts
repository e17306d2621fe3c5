// OSI protocols, and the plugin ISISX.
export { Isisx } from "./isisx.js";
export { Osi } from "./osi.js";
