// The events: changes of punts and of the connection, the newest first.
import { byId, h } from "./dom.js";
import type { Happening, Model } from "./model.js";
import { clock, SIGNS } from "./text.js";

/** The number of events that are shown. */
const SHOWN = 100;

/** Shows the events as long as the page is open. */
export function showEvents(model: Model): void {
  const list = byId("events");
  let newest: Happening | undefined;
  model.on(["events"], () => {
    const known = newest === undefined ? -1 : model.events.indexOf(newest);
    const fresh = model.events.slice(0, Math.min(SHOWN, known < 0 ? model.events.length : known));
    newest = model.events[0];
    // Only what is new: a screen reader reads what is added.
    list.prepend(...fresh.map((event) => itemOf(event, model)));
    while (list.childElementCount > SHOWN) list.lastElementChild!.remove();
  });
}

function itemOf({ time, name, key, to, text }: Happening, model: Model): HTMLLIElement {
  const subject =
    key === ""
      ? h("strong", {}, name)
      : h("button", { type: "button", class: "name", click: () => model.select(key) }, name);
  const state = to === "" ? undefined : h("span", { class: "state" }, `${SIGNS[to]} ${to}`);
  return h(
    "li",
    { "data-state": to },
    h("time", { datetime: time.toISOString() }, clock(time)),
    " ",
    subject,
    " ",
    state,
    " ",
    h("span", { class: "cause" }, text),
  );
}
