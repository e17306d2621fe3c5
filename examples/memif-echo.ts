// Two memif ports, one at each end: the server sends every packet back without copying it in JavaScript.
import { once } from "node:events";
import { Memif } from "vpp-punt";

const socket = `@vpp-punt-example-${process.pid}`; // in Linux's abstract namespace; VPP takes paths only

using server = Memif.open({ role: "server", socket });
server.receive((batch) => {
  server.send(batch);
});

using client = Memif.open({ role: "client", socket, ringSize: 256 });
await once(client, "up");
const echoed = new Promise<number>((resolve) => {
  client.receive((batch) => resolve(batch.byteLength(0)));
});
client.send(Buffer.alloc(1500));

console.log(`${await echoed} bytes came back from ${client.peer?.name}`);
