// The user at the other end of a TCP connection that does not leave the daemon's network namespace, as the kernel's table of sockets has it.
import { readFile } from "node:fs/promises";
import { endianness } from "node:os";
import { familyOf, toNumber } from "../net/index.js";

/** The four numbers of a connection, as a socket of Node.js has them. */
export interface TcpEnds {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

const ESTABLISHED = "01";
const MAPPED = "::ffff:";

/** Returns an IPv4 address that a socket of IPv6 shows as `::ffff:10.0.0.1` in its own form. */
export function plainAddress(address: string): string {
  const rest = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  return familyOf(rest) === 4 ? rest : address;
}

/**
 * Returns the user who made the socket at the other end; undefined where that is in another network namespace or on another machine. A
 * socket that its process has closed has no user, though the table shows 0 for it: only a row with an inode counts.
 */
export async function peerUser(ends: TcpEnds): Promise<number | undefined> {
  const { remoteAddress: peer, remotePort, localAddress: own, localPort } = ends;
  if (peer === undefined || own === undefined || remotePort === undefined || localPort === undefined) return undefined;
  // The peer's row has the two ends the other way round. Its socket may be of the other family.
  const from = namesOf(peer, remotePort);
  const to = namesOf(own, localPort);
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/self/net/${name}`, "utf8").catch(() => "")),
  );
  const rows = from.flatMap((local) => to.map((remote) => ` ${local} ${remote} ${ESTABLISHED} `));
  for (const line of tables.flatMap((table) => rows.flatMap((row) => lineWith(table, row) ?? []))) {
    const [, , , , , , , uid, , inode] = line.trim().split(/\s+/);
    if (inode !== "0") return Number(uid);
  }
  return undefined;
}

/** Returns the line of a table with a text. The table of a busy machine is long, and each connection asks for a line of it. */
function lineWith(table: string, text: string): string | undefined {
  const at = table.indexOf(text);
  return at < 0 ? undefined : table.slice(table.lastIndexOf("\n", at) + 1, table.indexOf("\n", at));
}

/** Returns an end as the tables name it: in the table of its family, and for IPv4 in that of IPv6 too. */
function namesOf(address: string, port: number): string[] {
  const plain = plainAddress(address);
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const digits = toNumber(plain).toString(16);
  if (familyOf(plain) === 6) return [words(digits.padStart(32, "0")) + suffix];
  const short = digits.padStart(8, "0");
  return [words(short) + suffix, words(`${"0".repeat(20)}ffff${short}`) + suffix];
}

/** The tables have each 32-bit word in the machine's own order of bytes. */
function words(digits: string): string {
  const each = digits.toUpperCase().match(/.{8}/g) ?? [];
  const swapped = (word: string) => (word.match(/../g) ?? []).reverse().join("");
  return (endianness() === "LE" ? each.map(swapped) : each).join("");
}
