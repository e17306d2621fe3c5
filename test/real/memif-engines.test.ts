// VPP and libmemif's example programs against this package's libmemif engine.
import { overEngines } from "../support/memif/engines.js";

await overEngines("libmemif,libmemif", "real");
