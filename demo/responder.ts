// A CNF in a process of its own: answers UDP datagrams to one port with its name before their payload.
import { openPunt } from "../lib/module/index.js";

const [name = "", port = "", socket = ""] = process.argv.slice(2);
process.on("disconnect", () => process.exit());
const punt = await openPunt(
  { cnf: name, udp: Number(port) },
  { socket, attach: { puntSocket: { onWarning: () => {} } } },
);
// The demo may exit first, and the message then fails.
const tell = () =>
  process.send?.([punt.status.state, ...punt.status.reasons.map(({ code }) => code)].join(" "), () => {});
punt.on("status", tell);
tell();
for await (const packet of punt.packets()) packet.reply(Buffer.concat([Buffer.from(`${name}:`), packet.payload!]));
