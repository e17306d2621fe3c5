// A CNF that counts the packets of a UDP port for its parent.
import { openPunt } from "../../../lib/module/index.js";

const [socket, port] = process.argv.slice(2) as [string, string];
process.on("disconnect", () => process.exit());
const request = { cnf: `queue-${port}`, udp: Number(port) };
const punt = await openPunt(request, { socket, lifetime: "session", grace: 100 });
await punt.ready();
let count = 0;
punt.receive((batch) => {
  count += batch.length;
  process.send?.(count);
});
process.send!(0);
