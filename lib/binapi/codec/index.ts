// The front door of the codecs: the compiler of definitions, and what it makes.
export type { Codec } from "./codec.js";
export { Compiler } from "./compile.js";
