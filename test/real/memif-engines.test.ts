// VPP and libmemif's example programs, with libmemif at our end too.
import { overEngines } from "../support/memif/engines.js";

await overEngines("libmemif,libmemif", "real");
