// An ECMAScript module in TypeScript, for the types of the installed package.
import { Memif, type MemifOptions, PuntError } from "vpp-punt";
import { Schema, Vpp, type VppOptions } from "vpp-punt/binapi";
import { type CnfStatus, openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

const options: MemifOptions = { role: "client", socket: "/run/vpp/memif.sock" };
// @ts-expect-error a number is not a role
export const wrong: MemifOptions = { role: 1, socket: "x" };
const vppOptions: VppOptions = { socketPath: "/run/vpp/api.sock" };

export async function use(): Promise<number> {
  const port: Memif = Memif.open(options);
  port.receive((batch) => batch.byteLength(0));
  const vpp: Vpp = await Vpp.connect(vppOptions);
  const error: PuntError = new PuntError("op", "CODE", "text");
  return error.code.length + Schema.builtin().names().length + vpp.waiting;
}
export const start: typeof EmbeddedVpp = EmbeddedVpp;

export async function respond(): Promise<CnfStatus> {
  await using dns = await openPunt({ cnf: "dns", udp: 53 });
  for await (const packet of dns.packets()) packet.reply(Buffer.from("answer"));
  return dns.ready({ timeout: 1000 });
}
