// The head of the page: the connection, the caller, the number of punts in each state, and all traffic.
import { byId, h, setText } from "./dom.js";
import type { Model } from "./model.js";
import { Spark } from "./spark.js";
import { rateText, SIGNS, STATES } from "./text.js";

/** Shows the head as long as the page is open. */
export function showSummary(model: Model): void {
  model.on(["info", "interfaces"], () => showConnection(model));
  showStates(model);
  showTotals(model);
}

function showConnection({ info, trouble, isVppConnected }: Model): void {
  const link = byId("link");
  const text = trouble || (isVppConnected ? "● VPP is connected" : "✕ VPP is away");
  link.className = trouble !== "" || !isVppConnected ? "bad" : "good";
  setText(link, trouble === "" ? text : `✕ ${trouble}`);
  if (info === undefined) return;
  const { version, cluster, caller, operator, readOnly } = info;
  setText(byId("where"), cluster ? `host ${cluster.host}, ${cluster.role} · ${version}` : `version ${version}`);
  setText(byId("caller"), `${caller}${operator ? ", operator" : ""}${readOnly ? ", may look only" : ""}`);
}

/** Shows the choice of hosts where there are more than one. */
export function showHosts(model: Model, turnTo: (host: string) => void): void {
  const label = byId("hosts");
  const choice = label.querySelector("select")!;
  choice.addEventListener("change", () => turnTo(choice.value));
  model.on(["info"], () => {
    const names = model.hosts.map(({ host }) => host);
    label.hidden = names.length < 2;
    if ([...choice.options].map(({ value }) => value).join() !== names.join())
      choice.replaceChildren(...names.map((name) => h("option", { value: name }, name)));
    choice.value = model.host || (model.info?.cluster?.host ?? "");
  });
}

/** A button a state: it writes the filter, which shows what it does. */
function showStates(model: Model): void {
  const buttons = STATES.map((state) => {
    const count = h("strong");
    const click = () => setFilter(toggled(model.filter, `state:${state.toLowerCase()}`));
    const button = h("button", { type: "button", "data-state": state, click }, count, ` ${SIGNS[state]} ${state}`);
    byId("states").append(button);
    return { state, count, button };
  });
  model.on(["punts"], () => {
    const punts = [...model.punts.values()];
    for (const { state, count, button } of buttons) {
      const number = punts.filter((punt) => punt.state === state).length;
      setText(count, String(number));
      button.classList.toggle("none", number === 0);
      button.setAttribute("aria-pressed", String(model.filter.includes(`state:${state.toLowerCase()}`)));
    }
  });
}

function toggled(filter: string, word: string): string {
  const words = filter.split(/\s+/).filter(Boolean);
  const others = words.filter((each) => !each.startsWith("state:"));
  return (words.includes(word) ? others : [...others, word]).join(" ");
}

/** Writes the filter, as typing does. */
export function setFilter(text: string): void {
  const field = byId<HTMLInputElement>("filter");
  field.value = text;
  field.dispatchEvent(new Event("input"));
}

function showTotals(model: Model): void {
  const spark = new Spark({ width: 220, height: 44 });
  const numbers = ["to CNFs", "from CNFs", "dropped"].map((name) => {
    const value = h("strong", {}, "–");
    return { value, element: h("span", {}, value, ` ${name}`) };
  });
  const note = h("span", { class: "note" });
  byId("totals").append(...numbers.map(({ element }) => element), spark.element, note);
  model.on(["rates"], () => {
    const { now, rates } = model.total;
    const shown = model.hasCounters ? now : undefined;
    setText(numbers[0]!.value, rateText(shown?.toCnf));
    setText(numbers[1]!.value, rateText(shown?.fromCnf));
    setText(numbers[2]!.value, rateText(shown?.drops));
    spark.draw(rates, "All punts");
    setText(note, model.hasCounters ? "packets" : "VPP's statistics cannot be read");
  });
}
