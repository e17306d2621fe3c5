// Facts about the command line: its version, the environment variables and the default places.
export { DEFAULT_DAEMON_SOCKET, DEFAULT_STORE, DEFAULT_VPP_SOCKET } from "./defaults.js";
export { ENVIRONMENT } from "./environment.js";
