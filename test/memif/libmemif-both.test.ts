// The tests of ports, with libmemif as the engine of both ends.
import { overEngines } from "../support/memif/engines.js";

await overEngines("libmemif,libmemif", "peers");
