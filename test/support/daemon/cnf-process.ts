// A CNF in a process of its own, to be killed: answers UDP questions, or repeats payloads to its parent, and tells its status.
import { type CnfRequest, type OpenPuntOptions, openPunt } from "../../../lib/module/index.js";

process.on("disconnect", () => process.exit());
const { request, options, name } = JSON.parse(process.argv[2]!) as {
  request: CnfRequest;
  options: OpenPuntOptions;
  name: string;
};
const punt = await openPunt(request, options);
punt.on("status", ({ state, reasons }) => process.send?.({ state, codes: reasons.map(({ code }) => code) }));
process.send?.({ state: punt.status.state, codes: punt.status.reasons.map(({ code }) => code) });
const isResponder = "udp" in request || request.type === "PUNT_TO_SOCKET";
for await (const packet of punt.packets()) {
  const payload = packet.payload ?? Buffer.alloc(0);
  if (isResponder) packet.reply(Buffer.concat([Buffer.from(`${name}:`), payload]));
  else if (payload.length > 0) process.send?.({ seen: Buffer.from(payload).toString() });
}
