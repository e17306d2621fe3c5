// The grammar: names, arguments and options of the commands.
export { addPacketCommands } from "./packets.js";
export { addOldForm, addPuntCommands } from "./punts.js";
export { addToolCommands } from "./tools.js";
