export { PuntError } from "./errors.js";
export { PacketBatch } from "./packet/batch.js";
