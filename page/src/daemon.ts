// Asks the daemon, as long as the page is open: one stream of changes, and readings of counters and interfaces.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { Punts } from "../../lib/wire/gen/vpp_punt/v1/punts_pb.js";
import type { Model } from "./model.js";

const COUNTERS_MS = 2_000;
/** Each question about another host, and its answer, are written to etcd. */
const COUNTERS_ELSEWHERE_MS = 10_000;
/** A change of punts comes with most changes of interfaces, and then they are read at once. */
const INTERFACES_MS = 10_000;
const SHORTEST_MS = 200;
/** A caller without rights asks seldom. */
const REFUSED_MS = 10_000;
const HOSTS_MS = 5_000;
const AGAIN_MS = 1_000;

export const daemon = createClient(Punts, createConnectTransport({ baseUrl: location.origin }));

/** Returns an error in words. */
export function messageOf(error: unknown): string {
  const { rawMessage, code } = ConnectError.from(error);
  return code === Code.Unknown || code === Code.Unavailable ? "the daemon does not answer" : rawMessage;
}

/** Follows the daemon as long as the page is open. Returns a function that turns to another host in etcd. */
export function follow(model: Model): (host: string) => void {
  let changed = new AbortController();
  const changes = new EventTarget();
  const turns = new EventTarget();
  void always(
    AGAIN_MS,
    (error) => {
      // The watch of another host was ended by the page itself.
      if (!changed.signal.aborted) model.takeTrouble(messageOf(error));
      changed = new AbortController();
    },
    async () => {
      model.takeInfo(await daemon.info({}));
      const { host } = model;
      for await (const event of daemon.watch({ host }, { signal: changed.signal })) {
        if (host !== model.host) break;
        model.takeTrouble("");
        model.takeEvent(event);
        if (event.event.case === "change") changes.dispatchEvent(new Event("change"));
      }
      if (host === model.host) throw new ConnectError("the daemon ended the watch", Code.Unavailable);
    },
  );
  void always(
    () => (model.isOwnHost ? COUNTERS_MS : COUNTERS_ELSEWHERE_MS),
    () => model.loseCounters(),
    async () => {
      const { host } = model;
      const found = await daemon.counters({ host });
      // A punt of another host may have the same name.
      if (host === model.host) model.takeCounters(found);
    },
    () => once(turns, "turn"),
  );
  void always(
    INTERFACES_MS,
    () => model.takeInterfaces(false, []),
    () => readInterfaces(model),
    () => once(changes, "change"),
  );
  void always(
    HOSTS_MS,
    () => {},
    async () => {
      if (model.info?.cluster) model.takeHosts((await daemon.hosts({})).hosts);
    },
  );
  return (host) => {
    model.showHost(host);
    changed.abort();
    turns.dispatchEvent(new Event("turn"));
  };
}

/** The first answer of the stream has all of it: a browser has six connections to a host, and a stream keeps one. */
async function readInterfaces(model: Model): Promise<void> {
  const ending = new AbortController();
  try {
    for await (const { connected, interfaces } of daemon.watchInterfaces({}, { signal: ending.signal })) {
      model.takeInterfaces(connected, interfaces);
      return;
    }
  } finally {
    ending.abort();
  }
}

/** Repeats as long as the tab is shown: each call is a line in the audit log. `news` ends a pause early. */
async function always(
  pause: number | (() => number),
  failed: (error: unknown) => void,
  body: () => Promise<unknown>,
  news: () => Promise<void> = () => new Promise(() => {}),
): Promise<never> {
  for (;;) {
    let next = 0;
    try {
      await body();
    } catch (error) {
      failed(error);
      if (ConnectError.from(error).code === Code.PermissionDenied) next = REFUSED_MS;
    }
    next ||= typeof pause === "number" ? pause : pause();
    await Promise.race([sleep(next), news()]);
    await sleep(SHORTEST_MS);
    while (document.hidden) await once(document, "visibilitychange");
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function once(target: EventTarget, name: string): Promise<void> {
  return new Promise((resolve) => target.addEventListener(name, () => resolve(), { once: true }));
}
