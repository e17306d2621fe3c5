// The keys in etcd: `<prefix>/<kind>/<host>/...`, with every part escaped.

/** The folders below the prefix. */
export type KeyKind = "wanted" | "status" | "state" | "leader" | "ask" | "answer" | "resume";

/** The name of a punt, as its key spells it. */
export interface NamedPunt {
  readonly cnf: string;
  readonly key: string;
  readonly label: string;
}

/** Everything but letters, digits and `-._~` is escaped as in a URL, so that a part has no slash and a key is plain ASCII. */
const PLAIN = /[A-Za-z0-9\-._~]/;

/** Returns the part of a key for any text, the empty text included. Two texts never have the same part. */
export function escapePart(text: string): string {
  let escaped = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const character = String.fromCharCode(byte);
    escaped += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

/** Returns the text of a part, or undefined if `escapePart` does not make such a part. */
export function unescapePart(part: string): string | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < part.length; at++) {
    const isEscape = part[at] === "%";
    bytes.push(isEscape ? Number.parseInt(part.slice(at + 1, at + 3), 16) : part.charCodeAt(at));
    if (isEscape) at += 2;
  }
  const text = Buffer.from(bytes).toString("utf8");
  return escapePart(text) === part ? text : undefined;
}

/** The keys of one host. */
export class Keys {
  readonly prefix: string;
  readonly host: string;

  constructor(prefix: string, host: string) {
    this.prefix = prefix;
    this.host = host;
  }

  /** Returns the folder of a kind, with which all of its keys begin. */
  folder(kind: KeyKind, ...parts: readonly string[]): string {
    return [this.prefix, kind, ...[this.host, ...parts].map(escapePart), ""].join("/");
  }

  /** Returns one key. */
  key(kind: KeyKind, ...parts: readonly string[]): string {
    return this.folder(kind, ...parts).slice(0, -1);
  }

  punt(kind: "wanted" | "status", { cnf, key, label }: NamedPunt): string {
    return this.key(kind, cnf, key, label);
  }

  /** The key of the daemon that acts. It ends with that daemon's lease. */
  get leader(): string {
    return this.key("leader", "vpp");
  }

  /** The lease of the last daemon that claimed the lead. */
  get term(): string {
    return this.key("state", "term");
  }

  get generation(): string {
    return this.key("state", "generation");
  }

  /** Every write of statuses changes it, so that a late one fails. The key ends with the lease of the daemon that acts. */
  get statuses(): string {
    return this.key("status", "writes");
  }

  /** The name by which VPP lists the daemon that acts. The key ends with that daemon's lease. */
  get client(): string {
    return this.key("leader", "client");
  }
}

/** Returns the folder of a kind over all hosts. */
export function everyHost(prefix: string, kind: KeyKind): string {
  return `${prefix}/${kind}/`;
}

/** Returns the parts of a key below `folder`, or undefined if it is not a key of ours. */
export function partsOf(key: string, folder: string): string[] | undefined {
  if (!key.startsWith(folder)) return undefined;
  const parts = key.slice(folder.length).split("/").map(unescapePart);
  return parts.every((part) => part !== undefined) ? (parts as string[]) : undefined;
}
