// The calls that stay open: changes of punts, sessions, and VPP's interfaces.
import { setTimeout as sleep } from "node:timers/promises";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { encodeEnvelopes } from "@connectrpc/connect/protocol";
import { PuntError } from "../../errors.js";
import { sendKey, turnKey } from "../../grpc/index.js";
import { parseCnf, type WatchEvent } from "../../punt/index.js";
import { whenAborted } from "../../when-aborted.js";
import {
  changeToBinary,
  changeToWire,
  type SessionRequest,
  type WatchInterfacesResponseSchema,
  type WatchRequest,
  WatchResponseSchema,
} from "../../wire/index.js";
import { LONGEST_GRACE_MS } from "../session-memory.js";
import { type Delivery, WatcherQueue } from "../watcher.js";
import { type Parts, resetKey, type Scope, stoppingError } from "./scope.js";
import { type SeenPunt, seenIn } from "./snapshots.js";

/** How often a watcher learns that nothing changed for it. */
const PROGRESS_INTERVAL_MS = 10_000;
/** The daemon's own ids have 36 characters. */
const LONGEST_SESSION_ID = 64;
/** How much of what waits for a watcher leaves in one write: as much as Node.js holds for a stream until it waits for the reader. */
const BURST_BYTES = 16_384;
/** How many times as long as the sending of all interfaces the pause after it is. */
const PAUSE_FACTOR = 4;

/** Follows the punts that the caller may see. Where a new policy gives the caller other rules, a snapshot comes again. */
export async function* watch(parts: Parts, request: WatchRequest, scope: Scope, context: HandlerContext) {
  const queue = new WatcherQueue(parts.longestWait);
  // The stream waits for its reader, so the error cannot leave by it.
  queue.onSlow = (error) => {
    scope.record(error);
    context.values.get(resetKey)();
  };
  const [send, turn] = [context.values.get(sendKey), context.values.get(turnKey)];
  const isBinary = !context.responseHeader.get("content-type")?.includes("json");
  let feeding = new AbortController();
  const start = (asked: Asked) => {
    feeding = new AbortController();
    void feed(parts, asked, scope, { queue, turn, signal: feeding.signal });
  };
  const end = () => {
    feeding.abort();
    queue.fail(new PuntError("punt.watch", "ECANCELED", "the watcher has gone"));
  };
  whenAborted(context.signal, end);
  const stop = () => queue.fail(stoppingError("punt.watch"));
  whenAborted(parts.stopping, stop);
  const forget = parts.policy.onReload(() => {
    if (!scope.renew()) return;
    feeding.abort();
    queue.clear();
    start({ from: "", cnf: request.cnf, host: request.host, isAgain: true });
  });
  start({ from: request.from, cnf: request.cnf, host: request.host, isAgain: false });
  try {
    yield deliver(await queue.next(), scope);
    for (;;) {
      const delivery = await queue.next();
      await turn();
      if (isBinary) await send(burst(delivery, queue, scope), context.signal);
      else yield deliver(delivery, scope);
    }
  } finally {
    forget();
    queue.close();
    feeding.abort();
    parts.stopping.removeEventListener("abort", stop);
  }
}

interface Asked extends Pick<WatchRequest, "from" | "cnf" | "host"> {
  /** Whether the watcher has had punts that it may not see any more, or lacks punts that it may see now. */
  readonly isAgain: boolean;
}

interface Feeding {
  readonly queue: WatcherQueue;
  readonly signal: AbortSignal;
  turn(): Promise<void>;
}

/** Reads the manager's events as they come, whatever the watcher does. */
async function feed(
  { snapshots }: Parts,
  { from, cnf, host, isAgain }: Asked,
  scope: Scope,
  { queue, signal, turn }: Feeding,
): Promise<void> {
  // A new policy is one for many watches at once.
  if (isAgain) await turn();
  const { view } = scope;
  let start = from;
  let unseen: string | undefined;
  let isAnswered = false;
  const timer = setInterval(() => {
    if (unseen !== undefined) queue.progress(unseen);
    unseen = undefined;
  }, PROGRESS_INTERVAL_MS).unref();
  const begin = (revision: string, seen: readonly SeenPunt[], isGone: boolean) => {
    const punts = seen.map(({ status }) => status);
    queue.snapshot(revision, punts, isAgain || isGone);
  };
  const take = (event: WatchEvent) => {
    if (signal.aborted) return;
    if (event.kind === "snapshot") begin(event.revision, seenIn(event.punts, view), event.resync === true);
    else if (event.kind === "change" && view.sees(event.event.id)) queue.change(event.revision, event.event);
    // A watcher that comes back learns at once that it is followed again.
    else if (!isAnswered) queue.progress(event.revision);
    else if (event.revision !== start) unseen = event.revision;
    isAnswered = true;
  };
  try {
    scope.requireSomeRule();
    scope.enter(host);
    const label = cnf === "" ? undefined : view.label(cnf);
    if (start === "" && !scope.elsewhere) {
      const now = await snapshots.now();
      if (signal.aborted) return;
      begin(now.revision, now.seenBy(view, label), false);
      isAnswered = true;
      start = now.revision;
    }
    const options = { ...(start !== "" && { from: start }), ...(label !== undefined && { cnf: label }), signal };
    for await (const event of scope.target.watch(options)) take(event);
    if (!signal.aborted) queue.fail(stoppingError("punt.watch"));
  } catch (error) {
    if (signal.aborted) return;
    queue.fail(error instanceof PuntError ? error : new PuntError("punt.watch", "ERR_CLOSED", String(error)));
  } finally {
    clearInterval(timer);
  }
}

/** Returns the envelopes of a delivery and of what waits behind it, up to a limit. */
function burst(first: Delivery, queue: WatcherQueue, scope: Scope): Uint8Array {
  const envelopes: { flags: number; data: Uint8Array }[] = [];
  let size = 0;
  let delivery: Delivery | undefined = first;
  for (; delivery; delivery = size < BURST_BYTES ? queue.take() : undefined) {
    const data = bytesOf(delivery, scope);
    envelopes.push({ flags: 0, data });
    size += data.length;
  }
  return encodeEnvelopes(...envelopes);
}

function bytesOf(delivery: Delivery, scope: Scope): Uint8Array {
  if (delivery.kind === "change") return changeToBinary(delivery.revision, scope.view.event(delivery.event));
  return toBinary(WatchResponseSchema, create(WatchResponseSchema, deliver(delivery, scope)));
}

function deliver(delivery: Delivery, { view }: Scope): MessageInitShape<typeof WatchResponseSchema> {
  const { revision } = delivery;
  if (delivery.kind === "progress") return { revision, event: { case: "progress", value: {} } };
  if (delivery.kind === "snapshot") {
    const punts = [...delivery.punts];
    return { revision, event: { case: "snapshot", value: { punts, revisionGone: delivery.isGone } } };
  }
  return { revision, event: { case: "change", value: changeToWire(view.event(delivery.event)) } };
}

/** Holds a session open until the caller goes, another takes its place, or the daemon stops. */
export async function* session(parts: Parts, request: SessionRequest, scope: Scope, { signal }: HandlerContext) {
  const { cnf, graceMs, session: id } = request;
  const refuse = (option: string, rule: string) => {
    throw new PuntError(scope.op, "ERR_OPTION", `${option} must ${rule}`, { option });
  };
  if (graceMs > LONGEST_GRACE_MS) refuse("graceMs", `be at most ${LONGEST_GRACE_MS}`);
  if (id.length > LONGEST_SESSION_ID) refuse("session", `have at most ${LONGEST_SESSION_ID} characters`);
  const label = parseCnf(scope.view.label(cnf), scope.op);
  scope.rule = scope.view.rights.requireChange(label, scope.op).name;
  await parts.sessions.ready();
  const opened = parts.sessions.open(label, graceMs, id);
  // A caller that does not read holds the stream back: nothing waits for the end then, and an error that nothing catches would end the daemon.
  opened.ended.catch(() => {});
  const gone = new Promise<void>((resolve) => whenAborted(signal, resolve));
  try {
    yield { session: opened.id };
    await Promise.race([gone, opened.ended]);
  } finally {
    opened.close();
  }
}

/** Gives VPP's interfaces, and gives them again at each change. */
export async function* watchInterfaces(
  { table, policy, stopping }: Parts,
  scope: Scope,
  { signal, values }: HandlerContext,
): AsyncIterable<MessageInitShape<typeof WatchInterfacesResponseSchema>> {
  const ending = AbortSignal.any([signal, stopping]);
  const isShown = (name: string) => scope.view.rights.showsInterface(name);
  let wake = () => {};
  let isNews = true;
  const onChange = () => {
    isNews = true;
    wake();
  };
  table.on("change", onChange);
  const forget = policy.onReload(() => {
    if (scope.renew()) onChange();
  });
  signal.addEventListener("abort", onChange, { once: true });
  stopping.addEventListener("abort", onChange, { once: true });
  try {
    for (;;) {
      if (signal.aborted) return;
      if (stopping.aborted) throw stoppingError("punt.watch");
      scope.requireSomeRule();
      // A daemon that has just started does not take the interfaces away that its watchers know.
      if (isNews && table.isKnown) {
        await values.get(turnKey)();
        isNews = false;
        const start = performance.now();
        yield { connected: table.isConnected, interfaces: table.list().filter(({ name }) => isShown(name)) };
        // Each change sends all interfaces: many changes in a row cost a part of the time, however many interfaces there are.
        await sleep(PAUSE_FACTOR * (performance.now() - start), undefined, { signal: ending }).catch(() => {});
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    forget();
    table.off("change", onChange);
    stopping.removeEventListener("abort", onChange);
  }
}
