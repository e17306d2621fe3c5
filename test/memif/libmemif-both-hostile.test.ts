import { overEngines } from "../support/engines.js";

await overEngines("libmemif,libmemif", "hostile");
