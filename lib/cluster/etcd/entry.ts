// Keys, values and conditions, as etcd's messages carry them.
import type { ICompare, IKeyValue, IRequestOp } from "etcd3";

/** A key with its value and the revisions at which it was made and last written. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly created: number;
  readonly modified: number;
}

/** The result of a read. */
export interface Snapshot {
  /** The revision at which it was read. A watch continues with the next. */
  readonly revision: number;
  readonly entries: readonly Entry[];
}

/** A condition of a transaction: the revision at which the key was last written; 0 if the key must not exist. */
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

/** The header of an answer. Another cluster or an earlier revision means that etcd's history was replaced. */
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

/** Returns the first key after all keys that begin with `prefix`. The last byte of `prefix` must not be 0xff. */
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
