import { overEngines } from "../support/engines.js";

await overEngines("builtin,libmemif", "hostile");
