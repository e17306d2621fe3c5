// Facts about the command line: the environment variables and the default places.
export { DEFAULT_STORE } from "./defaults.js";
export { ENVIRONMENT } from "./environment.js";
