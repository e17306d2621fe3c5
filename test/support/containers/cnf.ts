// A CNF in a container: answers each UDP datagram with its name and the payload, and prints its status as lines of JSON.
import { type CnfRequest, openPunt } from "../../../lib/module/index.js";

const [name, request] = process.argv.slice(2) as [string, string];
const punt = await openPunt(JSON.parse(request) as CnfRequest);
const tell = () => {
  const { state, reasons } = punt.status;
  console.log(JSON.stringify({ state, reasons }));
};
punt.on("status", tell);
tell();
for await (const packet of punt.packets())
  if (packet.payload && packet.destination) packet.reply(Buffer.concat([Buffer.from(`${name}:`), packet.payload]));
