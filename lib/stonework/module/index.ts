// A CNF under StoneWork's punt manager.

export type { LearntPunt } from "./book.js";
export type { ItemPunt, StoneWorkModel } from "./models.js";
export { type StoneWorkAddress, type StoneWorkItem, StoneWorkModule, type StoneWorkModuleEvents } from "./module.js";
export type { StoneWorkModuleOptions } from "./options.js";
