// A watch of etcd: one stream for several prefixes, with events in the order of their revisions.
import type { IWatchRequest, IWatchResponse } from "etcd3";
import { PuntError } from "../../errors.js";
import { type Entry, endOf, entryOf } from "./entry.js";

/** A key that was written or deleted. */
export interface Change {
  readonly key: string;
  /** Absent if the key was deleted. */
  readonly entry?: Entry;
  readonly revision: number;
}

export interface WatchHandlers {
  changes(changes: readonly Change[]): void;
  /** Called once. ERR_ETCD_COMPACTED: etcd has forgotten the first revision of the watch, so a snapshot is needed. */
  ended(error: unknown): void;
}

interface Stream {
  on(event: "data", handler: (response: IWatchResponse) => void): unknown;
  on(event: "error" | "end", handler: (error?: unknown) => void): unknown;
  write(request: IWatchRequest): void;
  end(): void;
  cancel?(): void;
}

/** Opens a watch in the background. @returns a function that ends it without a call of `ended` */
export function openWatch(
  opening: () => Promise<unknown>,
  prefixes: readonly string[],
  revision: number,
  handlers: WatchHandlers,
): () => void {
  let isOver = false;
  let stream: Stream | undefined;
  const end = () => {
    isOver = true;
    stream?.end();
    stream?.cancel?.();
  };
  const fail = (error: unknown) => {
    if (isOver) return;
    end();
    handlers.ended(error);
  };
  opening().then((opened) => {
    stream = opened as Stream;
    stream.on("error", fail);
    if (isOver) return end();
    stream.on("end", () => fail(new Error("14 UNAVAILABLE: the watch ended")));
    stream.on("data", (response) => {
      if (!isOver) take(response, handlers, fail);
    });
    for (const prefix of prefixes) stream.write(creation(prefix, revision));
  }, fail);
  return end;
}

function creation(prefix: string, revision: number): IWatchRequest {
  const key = Buffer.from(prefix);
  // Progress marks keep the connection from looking dead.
  return { create_request: { key, range_end: endOf(prefix), start_revision: revision, progress_notify: true } };
}

function take(response: IWatchResponse, { changes }: WatchHandlers, fail: (error: unknown) => void): void {
  const { canceled, compact_revision, cancel_reason, events } = response;
  const revision = Number(compact_revision);
  if (revision > 0) {
    const message = `etcd has forgotten the history before revision ${revision}`;
    fail(new PuntError("cluster.watch", "ERR_ETCD_COMPACTED", message, { revision }));
  } else if (canceled) fail(new Error(cancel_reason || "the watch was canceled"));
  else if (events.length > 0) changes(events.map(({ type, kv }) => changeOf(String(type), entryOf(kv))));
}

function changeOf(type: string, entry: Entry): Change {
  const { key, modified: revision } = entry;
  return type.toUpperCase() === "DELETE" ? { key, revision } : { key, entry, revision };
}
