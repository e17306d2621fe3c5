// A CNF under StoneWork's punt manager.

export type { LearntPunt } from "./book.js";
export type { StoneWorkAddress, StoneWorkItem, StoneWorkModuleEvents } from "./events.js";
export type { ItemPunt, StoneWorkModel } from "./models.js";
export { StoneWorkModule } from "./module.js";
export type { StoneWorkModuleOptions } from "./options.js";
