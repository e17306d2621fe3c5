// The daemon's punts as the page knows them, and the listeners to changes.
import type { CountersResponse } from "../../lib/wire/gen/vpp_punt/v1/counters_pb.js";
import type {
  Host,
  InfoResponse,
  VppInterface,
  WatchChange,
  WatchResponse,
} from "../../lib/wire/gen/vpp_punt/v1/punts_pb.js";
import type { PuntStatus } from "../../lib/wire/gen/vpp_punt/v1/status_pb.js";
import { filterOf } from "./filter.js";
import { History } from "./history.js";
import { keyOf, type Punt, puntOf } from "./punt.js";
import { causeOf, idText, type StateName, stateName } from "./text.js";

/** A change of a punt, or of the connection. */
export interface Happening {
  readonly time: Date;
  readonly name: string;
  /** Key of the punt; "" for the connection. */
  readonly key: string;
  readonly to: StateName | "";
  readonly text: string;
}

/** The number of events that are kept. */
const KEPT_EVENTS = 200;

type Part = "punts" | "rates" | "interfaces" | "info" | "events" | "selection";

export class Model {
  readonly punts = new Map<string, Punt>();
  readonly events: Happening[] = [];
  /** All punts together. */
  readonly total = new History();
  info: InfoResponse | undefined;
  /** Why the daemon does not answer; "" while it does. */
  trouble = "connecting";
  interfaces: readonly VppInterface[] = [];
  isVppConnected = false;
  /** Whether VPP's statistics can be read. */
  hasCounters = false;
  selected: string | undefined;
  /** The host in etcd that is shown; "" for the daemon's own. */
  host = "";
  hosts: readonly Host[] = [];
  #isVppKnown = false;
  #filter = "";
  #passes = filterOf("");
  readonly #listeners: { readonly parts: readonly Part[]; readonly listener: () => void }[] = [];
  readonly #dirty = new Set<Part>();
  #frame = 0;

  /** Calls the listener at the next frame after a change of one of the parts. */
  on(parts: readonly Part[], listener: () => void): void {
    this.#listeners.push({ parts, listener });
  }

  get filter(): string {
    return this.#filter;
  }

  set filter(text: string) {
    this.#filter = text;
    this.#passes = filterOf(text);
    this.#changed("punts");
  }

  /** The punts that pass the filter. */
  shown(): Punt[] {
    return [...this.punts.values()].filter(this.#passes);
  }

  select(key: string | undefined): void {
    this.selected = key;
    this.#changed("selection");
  }

  /** Whether the punts are those of the VPP that the daemon itself has: of another one it does not know the interfaces. */
  get isOwnHost(): boolean {
    return this.host === "" || this.host === this.info?.cluster?.host;
  }

  showHost(host: string): void {
    this.host = host;
    this.punts.clear();
    this.loseCounters();
    this.total.rates.length = 0;
    this.select(undefined);
    this.#changed("punts");
    this.#changed("info");
  }

  takeHosts(hosts: readonly Host[]): void {
    this.hosts = hosts;
    this.#changed("info");
  }

  takeInfo(info: InfoResponse): void {
    this.info = info;
    this.#changed("info");
  }

  takeTrouble(text: string): void {
    if (this.trouble === text) return;
    const isFirst = this.trouble === "connecting";
    this.trouble = text;
    if (!isFirst || text !== "")
      this.#happened({ name: "daemon", key: "", to: "", text: text || "the daemon answers" });
    this.#changed("info");
  }

  takeInterfaces(isConnected: boolean, interfaces: readonly VppInterface[]): void {
    const isFirst = this.#isVppKnown === false;
    const isNews = isFirst || this.isVppConnected !== isConnected;
    const text = isConnected ? "VPP is connected" : "VPP is away";
    if (isNews && !isFirst) this.#happened({ name: "VPP", key: "", to: "", text });
    const isSame = !isNews && textOf(interfaces) === textOf(this.interfaces);
    this.#isVppKnown = true;
    this.isVppConnected = isConnected;
    this.interfaces = interfaces;
    if (!isSame) this.#changed("interfaces");
  }

  takeCounters({ timeMs, punts }: CountersResponse): void {
    const time = Number(timeMs);
    // VPP counts nothing by punt for a punt socket.
    for (const { id, interconnects } of punts)
      if (interconnects.length > 0) this.punts.get(keyOf(id!))?.history.take(time, interconnects);
    this.total.take(
      time,
      punts.flatMap(({ interconnects }) => interconnects),
    );
    this.hasCounters = true;
    this.#changed("rates");
  }

  /** VPP is away, or has no statistics. */
  loseCounters(): void {
    if (!this.hasCounters) return;
    this.hasCounters = false;
    this.total.forget();
    for (const { history } of this.punts.values()) history.forget();
    this.#changed("rates");
  }

  takeEvent({ event }: WatchResponse): void {
    if (event.case === "snapshot") this.#takeSnapshot(event.value.punts);
    else if (event.case === "change") this.#takeChange(event.value);
  }

  #takeSnapshot(punts: readonly PuntStatus[]): void {
    const before = new Map(this.punts);
    this.punts.clear();
    for (const status of punts) this.#put(status, before.get(keyOf(status.id!)));
    this.#changed("punts");
  }

  #takeChange({ id, to, cause, status }: WatchChange): void {
    const key = keyOf(id!);
    const state = stateName(to);
    if (state === "DELETED") this.punts.delete(key);
    else if (status) this.#put(status, this.punts.get(key));
    const text = (status && state !== "DELETED" && causeOf(status)) || cause;
    this.#happened({ name: idText(id), key, to: state, text });
    this.#changed("punts");
  }

  #put(status: PuntStatus, before: Punt | undefined): void {
    const punt = puntOf(status, before);
    this.punts.set(punt.key, punt);
  }

  #happened(event: Omit<Happening, "time">): void {
    this.events.unshift({ time: new Date(), ...event });
    this.events.length = Math.min(this.events.length, KEPT_EVENTS);
    this.#changed("events");
  }

  #changed(part: Part): void {
    this.#dirty.add(part);
    // A hidden tab has no frames, and a thousand changes are one drawing.
    this.#frame ||= requestAnimationFrame(() => {
      const parts = new Set(this.#dirty);
      this.#frame = 0;
      this.#dirty.clear();
      for (const each of this.#listeners) if (each.parts.some((name) => parts.has(name))) each.listener();
    });
  }
}

function textOf(interfaces: readonly VppInterface[]): string {
  return interfaces.map(({ name, tag, mac, up }) => [name, tag, mac, up].join()).join();
}
