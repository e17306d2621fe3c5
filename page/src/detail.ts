// The detail of one punt: its request and interconnects, rates, the way of its packets, its objects in VPP, and a dump.
import { toJson } from "@bufbuild/protobuf";
import type { ExplainResponse } from "../../lib/wire/gen/vpp_punt/v1/punts_pb.js";
import { PuntRequestSchema } from "../../lib/wire/gen/vpp_punt/v1/request_pb.js";
import type { InterconnectMetadata } from "../../lib/wire/gen/vpp_punt/v1/status_pb.js";
import { daemon, messageOf } from "./daemon.js";
import { byId, h, marked, setText } from "./dom.js";
import { Dump, dumpElsewhere } from "./dump.js";
import type { Model } from "./model.js";
import { LEGEND, Plot } from "./plot.js";
import type { Punt } from "./punt.js";
import { Removal } from "./removal.js";
import { rateText, SIGNS } from "./text.js";

/** Shows the selected punt as long as the page is open. */
export function showDetail(model: Model): void {
  const aside = byId("detail");
  let shown: Detail | undefined;
  let back: HTMLElement | undefined;
  const close = () => model.select(undefined);
  aside.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") close();
  });
  model.on(["selection", "punts"], () => {
    const punt = model.selected === undefined ? undefined : model.punts.get(model.selected);
    if (punt?.key === shown?.key) return shown?.show(punt!);
    const wasOpen = shown !== undefined;
    shown?.close();
    shown = punt && new Detail(punt, model, close);
    aside.hidden = shown === undefined;
    aside.replaceChildren(...(shown?.elements ?? []));
    if (!wasOpen) back = document.activeElement as HTMLElement;
    if (shown) aside.focus({ preventScroll: true });
    else back?.focus();
  });
  model.on(["rates"], () => shown?.showRates());
}

class Detail {
  readonly key: string;
  readonly elements: readonly HTMLElement[];
  readonly #state = h("p", { class: "state" });
  readonly #cause = h("p", { class: "cause" });
  readonly #facts = h("dl", { class: "facts" });
  readonly #plot = new Plot();
  readonly #rates = LEGEND.map(({ measure, name }) => ({ measure, value: h("strong"), name }));
  readonly #totals = h("p", { class: "totals" });
  readonly #way = h("ol", { class: "way" });
  readonly #items = h("ul", { class: "items" });
  readonly #dump: Dump;
  #punt: Punt;
  /** The host in etcd that has the punt; "" for the daemon's own. */
  readonly #host: string;

  constructor(punt: Punt, model: Model, close: () => void) {
    const { isOwnHost, host } = model;
    this.#host = isOwnHost ? "" : host;
    this.key = punt.key;
    this.#punt = punt;
    this.#dump = new Dump(punt.id);
    const mayChange = model.info !== undefined && !model.info.readOnly;
    const title = h("h2", { id: "detail-title" }, punt.name);
    const button = h("button", { type: "button", class: "close", "aria-label": "Close the detail", click: close }, "✕");
    const legend = this.#rates.map(({ measure, value, name }) =>
      h("span", { class: `key ${measure}` }, value, ` ${name}`),
    );
    const again = h("button", { type: "button", class: "plain", click: () => void this.#explain() }, "Look again");
    this.elements = [
      h("div", { class: "head" }, title, button),
      this.#state,
      this.#cause,
      h("h3", {}, "Packets a second"),
      this.#plot.element as unknown as HTMLElement,
      h("p", { class: "legend" }, ...legend),
      this.#totals,
      h("h3", {}, "The way of a packet ", again),
      this.#way,
      h("h3", {}, "Its objects in VPP and Linux"),
      this.#items,
      h("h3", {}, "Request and interconnects"),
      this.#facts,
      ...(isOwnHost ? this.#dump.elements : dumpElsewhere(punt.name, model)),
      ...(mayChange ? [new Removal(punt.id, punt.name, model.host).element] : []),
    ];
    this.show(punt);
    this.showRates();
  }

  show(punt: Punt): void {
    const isNews = this.#way.childElementCount === 0 || punt.status !== this.#punt.status;
    this.#punt = punt;
    const remedies = punt.status.reasons.map(({ remedy }) => remedy).filter(Boolean);
    const remarks = punt.status.metadata?.caveats.map((text) => `Remark: ${text}`) ?? [];
    setText(this.#state, `${SIGNS[punt.state]} ${punt.state} · ${punt.type}`);
    this.#state.dataset.state = punt.state;
    setText(this.#cause, [punt.cause, ...remedies.map((text) => `Do: ${text}`), ...remarks].filter(Boolean).join(". "));
    this.#facts.replaceChildren(...factsOf(punt));
    if (isNews) void this.#explain();
  }

  showRates(): void {
    const { history } = this.#punt;
    for (const { measure, value } of this.#rates) setText(value, rateText(history.now?.[measure]));
    this.#plot.draw(history.rates);
    setText(this.#totals, totalsText(this.#punt));
  }

  close(): void {
    this.#dump.stop();
  }

  async #explain(): Promise<void> {
    const { id, status } = this.#punt;
    const answer = await daemon.explain({ id, host: this.#host }).catch((error) => messageOf(error));
    if (status !== this.#punt.status) return;
    if (typeof answer === "string") this.#way.replaceChildren(h("li", {}, answer));
    else showAnswer(answer, this.#way, this.#items);
  }
}

const VERDICTS: Readonly<Record<string, string>> = {
  ok: "● ok",
  warning: "◐ warning",
  fault: "✕ fault",
  unknown: "○ not known",
};

function showAnswer({ steps, items }: ExplainResponse, way: HTMLElement, list: HTMLElement): void {
  way.replaceChildren(
    ...steps.map(({ place, fact, verdict, remedy }) => {
      const sign = h("span", { class: "state" }, VERDICTS[verdict] ?? verdict);
      return h(
        "li",
        { "data-verdict": verdict },
        sign,
        " ",
        h("strong", {}, place),
        " ",
        ...marked(`${fact}${remedy === "" ? "" : `. Do: ${remedy}`}`),
      );
    }),
  );
  const rows = items.map(({ item, value }) =>
    h("li", {}, h("code", {}, item), h("code", { class: "value" }, valueText(value))),
  );
  list.replaceChildren(...(rows.length > 0 ? rows : [h("li", {}, "None that is this punt's alone.")]));
}

function valueText(value: unknown): string {
  return Object.entries((value ?? {}) as object)
    .map(([name, each]) => `${name} ${typeof each === "object" ? JSON.stringify(each) : each}`)
    .join(", ");
}

/** The totals of VPP, since it started. */
function totalsText({ history: { totals } }: Punt): string {
  if (totals === undefined) return "VPP counts nothing by punt here.";
  const { toCnf, fromCnf, causes } = totals;
  const lost = Object.entries(causes).map(([cause, count]) => `, ${count} lost (${cause})`);
  return `In all: ${toCnf} to the CNF, ${fromCnf} from it${lost.join("")}`;
}

const HIDDEN = ["cnf", "key", "label", "type"];

function factsOf({ status }: Punt): HTMLElement[] {
  const request = Object.entries(toJson(PuntRequestSchema, status.request!) as object).filter(
    ([name]) => !HIDDEN.includes(name),
  );
  const facts = request.map(([name, value]): [string, string] => [
    name,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  const ends = (status.metadata?.interconnects ?? []).flatMap(endFacts);
  return [...facts, ...ends].flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, h("code", {}, value))]);
}

function endFacts({
  vppSelector,
  cnfSelector,
  vppInterface,
  cnfInterface,
  attachment,
  shared,
}: InterconnectMetadata): [string, string][] {
  const kind = attachment?.kind;
  const places: Record<string, string> = {
    memif: kind?.case === "memif" ? `${kind.value.socket} id ${kind.value.id}` : "",
    afUnix: kind?.case === "afUnix" ? kind.value.path : "",
    tap: kind?.case === "tap" ? [kind.value.name, kind.value.namespace].filter(Boolean).join(" in ") : "",
  };
  const end = (face: typeof vppInterface) =>
    face ? [face.name, face.mac, ...face.addresses, `VRF ${face.vrf}`].join(" ") : "";
  const all: [string, string][] = [
    ["from", vppSelector],
    ["VPP's end", end(vppInterface)],
    ["CNF's end", end(cnfInterface)],
    ["lands at", cnfSelector],
    ["opened at", places[kind?.case ?? ""] ?? ""],
    ["shared", shared ? "with other punts" : ""],
  ];
  return all.filter(([, value]) => value !== "");
}
