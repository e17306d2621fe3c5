import { overEngines } from "../support/engines.js";

await overEngines("libmemif,libmemif", ["exchange", "hostile-handshake", "socket"]);
