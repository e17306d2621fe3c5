// memif with DPDK's testpmd at the other end, against programs in C at the same end.
import { program, testpmdProgram } from "../../test/support/machine/programs.js";
import type { Suite } from "../harness/trial.js";
import { engine, libmemif } from "../trials/memif-peers.js";
import { type Outside, receiveFrom, sendTo } from "../trials/outside.js";

const SIZES = [64, 1500];
const PROGRAMS = ["setpriv", "stdbuf"];

const testpmd: Outside = {
  name: "testpmd",
  before: () => [],
  source: (workspace, socket, size, seconds) => workspace.script("memif/testpmd", socket, "txonly", size, seconds),
  sink: (workspace, socket) => workspace.script("memif/testpmd", socket, "rxonly"),
  unavailable: () => {
    if (testpmdProgram() === undefined) return "DPDK's testpmd is not here";
    const lacking = PROGRAMS.filter((name) => program(name) === undefined);
    return lacking.length > 0 ? `${lacking.join(", ")} not here` : undefined;
  },
};

const suite: Suite = {
  trials: [libmemif, engine].flatMap((peers) => [
    ...SIZES.map((size) => receiveFrom(testpmd, peers, size, 0.95)),
    ...SIZES.map((size) => sendTo(testpmd, peers, "batch", size, 0.8)),
  ]),
};

export default suite;
