import { overEngines } from "../support/memif/engines.js";

await overEngines("libmemif,libmemif", "peers");
