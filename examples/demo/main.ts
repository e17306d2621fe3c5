// npm run demo [-- --json]
import { replay } from "./replay.js";
import { createReport } from "./report.js";
import { startVpp } from "./vpp.js";

const report = createReport(process.argv.includes("--json"));
const vpp = await startVpp();
try {
  const { punts, answered } = await replay(vpp, report);
  console.log(punts, answered, await vpp.counters());
} finally {
  await vpp.close();
}
