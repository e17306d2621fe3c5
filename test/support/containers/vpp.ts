// An embedded VPP with devices of Linux, in a container.
import { EmbeddedVpp } from "../../../lib/sim/index.js";

const vpp = await EmbeddedVpp.start({ directory: process.argv[2]!, host: "linux" });
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => void vpp.close().then(() => process.exit()));
