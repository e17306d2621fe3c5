// The programs in C and C++ that memif trials compare with.
import { type LibraryFlags, libmemifFlags, missingPackage } from "../harness/libraries.js";
import type { Peers } from "./memif.js";

const library: LibraryFlags = libmemifFlags();

/** C on the system's libmemif. */
export const libmemif: Peers = {
  name: "libmemif",
  program: (workspace, name) => workspace.peer(`libmemif_${name}`, library.flags),
  unavailable: () => library.missing,
};

/** The addon's own engine without JavaScript. */
export const engine: Peers = {
  name: "the engine in C++",
  program: (workspace, name) => workspace.peer(`memif_${name}`),
};

/** npm's memif as the receiver, with C on libmemif as the source. */
export const npmMemif: Peers = {
  name: "npm memif",
  program: (workspace, name) =>
    name === "sink" ? workspace.source("npm_memif_sink.mjs") : libmemif.program(workspace, name),
  unavailable: () => library.missing ?? missingPackage("memif"),
};
