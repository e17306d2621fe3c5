// The binary API of the embedded VPP: its socket, its messages and what each of them does.
export type { ApiContext } from "./context.js";
export { MessageTable } from "./message-table.js";
export { registerApi } from "./register.js";
export { ApiRegistry } from "./registry.js";
export { ApiServer } from "./server.js";
