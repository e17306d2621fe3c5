import { overEngines } from "../support/memif/engines.js";

await overEngines("builtin,libmemif", "hostile");
