// Addresses as the bytes that go into packets.
import { PuntError } from "../errors.js";
import { familyOf, parseIp4, parseIp6 } from "../net/index.js";
import { show } from "../options.js";

/** @throws PuntError ERR_INVALID_PACKET: the value is not a Uint8Array */
export function checkBytes(op: string, name: string, value: unknown): void {
  if (value instanceof Uint8Array) return;
  throw new PuntError(op, "ERR_INVALID_PACKET", `the ${name} must be a Uint8Array; got ${show(value)}`);
}

/** Returns the bytes of an IP address; undefined without one. @throws PuntError ERR_OPTION: the text is not an IP address */
export function addressBytes(address: string | undefined): Uint8Array | undefined {
  if (address === undefined) return undefined;
  const family = familyOf(address);
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  if (family === 4 ? parseIp4(address, bytes, 0) : family === 6 && parseIp6(address, bytes, 0)) return bytes;
  throw new PuntError("packet.reply", "ERR_OPTION", `option source must be an IP address; got ${show(address)}`, {
    option: "source",
  });
}
