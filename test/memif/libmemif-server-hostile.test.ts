// Hostile peers, with libmemif as the engine of the server.
import { overEngines } from "../support/memif/engines.js";

await overEngines("libmemif,builtin", "hostile");
