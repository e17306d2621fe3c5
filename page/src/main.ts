// The page of a daemon: follows its punts, and shows them as a drawing, a list and events.
import { follow } from "./daemon.js";
import { showDetail } from "./detail.js";
import { byId } from "./dom.js";
import { showDrawing } from "./drawing.js";
import { showEvents } from "./events.js";
import { Model } from "./model.js";
import { showHosts, showSummary } from "./summary.js";
import { showTable } from "./table.js";

const model = new Model();

function listenToKeys(): void {
  const field = byId<HTMLInputElement>("filter");
  field.addEventListener("input", () => {
    model.filter = field.value;
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field.focus();
    }
    if (event.key === "Escape" && isTyping) field.blur();
  });
}

listenToKeys();
showSummary(model);
showDrawing(model);
showTable(model);
showDetail(model);
showEvents(model);
showHosts(model, follow(model));
