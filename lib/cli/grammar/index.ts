// What the commands are called and what they take.
export { addOldForm, addPuntCommands } from "./punts.js";
export { addToolCommands } from "./tools.js";
