import { overEngines } from "../support/engines.js";

await overEngines("libmemif,builtin", "peers");
