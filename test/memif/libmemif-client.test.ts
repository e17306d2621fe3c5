// The tests of ports, with libmemif as the engine of the client.
import { overEngines } from "../support/memif/engines.js";

await overEngines("builtin,libmemif", "peers");
