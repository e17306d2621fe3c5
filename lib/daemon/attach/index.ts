// attach.sock: open descriptors for CNFs, and the namespaces that CNFs hand over.
export { AttachDoor } from "./door.js";
