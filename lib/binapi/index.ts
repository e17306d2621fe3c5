export type { ApiJson } from "./api-json.js";
export { BUILTIN_RELEASES } from "./builtin.js";
export { Reader, Writer } from "./cursor.js";
export { Message, type MessageHeader, type MessageValue } from "./message.js";
export { type Release, Schema } from "./schema.js";
