// The daemon's doors: a UNIX socket, TCP with certificates, and the ports for supervisors and for the page.
export { callerOf, type Door, type DoorRequest, type Handler, partyAt } from "./door.js";
export { type HttpDoor, type HttpDoorOptions, openHttpDoor } from "./http.js";
export { KeptDoors } from "./kept.js";
export { lookAt } from "./own-file.js";
export { openPageDoor, type PageDoorOptions } from "./page.js";
export { PlacedFile } from "./placed.js";
export { openTlsDoor, type RefusedHandshake, type TlsDoor, type TlsDoorOptions } from "./tls.js";
export { openUnixDoor, type UnixDoorOptions } from "./unix.js";
