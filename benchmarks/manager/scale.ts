// Adds N punts to a manager on an embedded VPP in a process of its own, restarts VPP, and deletes the punts.
// usage: scale N; prints { addMs, resyncMs, deleteMs, oneMs, mb, count }
import { Bed, timed } from "./embedded.js";

const count = Number(process.argv[2]);
const bed = await Bed.start(count);
const manager = await bed.manager();

const add = (punts: typeof bed.requests) =>
  timed(() => Promise.all(punts.map((it) => manager.add(it, { waitFor: "CREATED" }))));
const oneMs = await add(bed.requests.slice(0, 1));
const addMs = await add(bed.requests);
const mb = Math.round(process.memoryUsage().rss / 1e6);
await bed.restartVpp();
const resyncMs = await timed(async () => {
  while (!manager.list().every((it) => it.state === "CREATED")) await manager.resync();
});
const deleteMs = await timed(() => Promise.all(manager.list().map((it) => manager.delete(it.id))));
console.log(JSON.stringify({ addMs, resyncMs, deleteMs, oneMs, mb, count }));
await manager.close();
await bed.close();
