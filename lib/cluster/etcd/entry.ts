// Keys, values and conditions, as etcd's messages carry them.
import type { ICompare, IKeyValue, IRequestOp } from "etcd3";

/** A key with its value and the revisions at which it was made and last written. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly created: number;
  readonly modified: number;
}

/** What a read saw. */
export interface Snapshot {
  /** The revision at which it was read: a watch goes on from the next. */
  readonly revision: number;
  readonly entries: readonly Entry[];
}

/** A condition of a transaction: the key was last written at that revision; 0: there is no such key. */
export interface Condition {
  readonly key: string;
  readonly modified?: number;
  readonly created?: number;
}

/** A write of a transaction. Without a value the key is deleted. */
export interface Write {
  readonly key: string;
  readonly value?: string;
  readonly lease?: string;
}

/** Which etcd answered: another cluster or an earlier revision means that its history was replaced. */
export interface Header {
  readonly cluster: string;
  readonly revision: number;
}

export function entryOf({ key, value, create_revision, mod_revision }: IKeyValue): Entry {
  return {
    key: key.toString("utf8"),
    value: value.toString("utf8"),
    created: Number(create_revision),
    modified: Number(mod_revision),
  };
}

/** Returns the first key after all that begin with `prefix`, whose last byte is not 0xff here. */
export function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]!++;
  return end;
}

export function comparison({ key, modified, created }: Condition): ICompare {
  const base = { result: "Equal" as const, key: Buffer.from(key) };
  if (modified !== undefined) return { ...base, target: "Mod", mod_revision: modified };
  return { ...base, target: "Create", create_revision: created! };
}

export function operation({ key, value, lease }: Write): IRequestOp {
  if (value === undefined) return { request_delete_range: { key: Buffer.from(key) } };
  return { request_put: { key: Buffer.from(key), value: Buffer.from(value), ...(lease !== undefined && { lease }) } };
}
