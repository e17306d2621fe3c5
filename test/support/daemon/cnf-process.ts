// A CNF in a process of its own, to be killed: answers UDP questions, and tells its status.
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
for await (const packet of punt.packets()) packet.reply(Buffer.concat([Buffer.from(`${name}:`), packet.payload!]));
