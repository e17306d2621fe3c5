// The list of punts: the same facts as the drawing, for eyes and for screen readers.
import { byId, h, setText } from "./dom.js";
import type { Rates } from "./history.js";
import type { Model } from "./model.js";
import type { Punt } from "./punt.js";
import { Spark } from "./spark.js";
import { rateText, SIGNS, STATES } from "./text.js";

type Sort = "name" | "type" | "state" | "toCnf" | "fromCnf" | "drops";
type Order = { readonly by: Sort; readonly down: boolean };

const KEYS: Readonly<Record<Sort, (punt: Punt) => string | number>> = {
  name: ({ name }) => name,
  type: ({ type }) => type,
  state: ({ state }) => STATES.indexOf(state),
  toCnf: ({ history }) => history.now?.toCnf ?? -1,
  fromCnf: ({ history }) => history.now?.fromCnf ?? -1,
  drops: ({ history }) => history.now?.drops ?? -1,
};
const RATES: readonly Sort[] = ["toCnf", "fromCnf", "drops"];

/** A row, and the parts of it that change. */
class Row {
  readonly element: HTMLTableRowElement;
  readonly #name: HTMLButtonElement;
  readonly #cells: readonly HTMLTableCellElement[];
  readonly #state = h("span", { class: "state" });
  readonly #cause = h("span", { class: "cause" });
  readonly #type = h("span", { class: "type" });
  readonly #way = h("span", { class: "cause" });
  readonly #plot = h("td", { class: "plot" });
  /** A plot out of sight is not made: a thousand of them take seconds. */
  #spark: Spark | undefined;
  /** Whether the row is within sight: only then its plot is drawn. */
  isSeen = false;
  #punt: Punt | undefined;

  constructor(select: (key: string) => void) {
    this.#name = h("button", { type: "button", class: "name", click: () => select(this.#punt!.key) });
    const numbers = [1, 2, 3].map(() => h("td", { class: "number" }));
    this.#cells = [h("td", {}, this.#state, this.#cause), h("td", {}, this.#type, this.#way), ...numbers];
    this.element = h("tr", {}, h("th", { scope: "row" }, this.#name), ...this.#cells, this.#plot);
  }

  show(punt: Punt): void {
    this.#punt = punt;
    const [, way] = this.#cells;
    setText(this.#name, punt.name);
    setText(this.#state, `${SIGNS[punt.state]} ${punt.state}`);
    setText(this.#cause, punt.cause);
    setText(this.#type, punt.type);
    setText(this.#way, wayOf(punt));
    way!.title = punt.ends.map(({ name }) => name).join("\n");
    this.element.dataset.state = punt.state;
    this.element.dataset.key = punt.key;
    this.showRates();
  }

  showRates(): void {
    const { history, name } = this.#punt!;
    const [, , toCnf, fromCnf, drops] = this.#cells;
    setText(toCnf!, rateText(history.now?.toCnf));
    setText(fromCnf!, rateText(history.now?.fromCnf));
    setText(drops!, rateText(history.now?.drops));
    this.element.classList.toggle("losing", (history.now?.drops ?? 0) > 0);
    if (this.isSeen) this.#draw(history.rates, name);
  }

  #draw(rates: readonly Rates[], name: string): void {
    if (this.#spark === undefined) {
      this.#spark = new Spark({ width: 90, height: 22 });
      this.#plot.append(this.#spark.element);
    }
    this.#spark.draw(rates, name);
  }

  mark(isSelected: boolean): void {
    this.element.classList.toggle("selected", isSelected);
    this.#name.setAttribute("aria-pressed", String(isSelected));
  }
}

/** Shows the table as long as the page is open. */
export function showTable(model: Model): void {
  const body = document.querySelector<HTMLTableSectionElement>("#punts tbody")!;
  const rows = new Map<string, Row>();
  let order: Order = { by: "name", down: false };
  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const row = rows.get((target as HTMLElement).dataset.key!);
      if (!row) continue;
      row.isSeen = isIntersecting;
      if (isIntersecting) row.showRates();
    }
  });
  const rowOf = (punt: Punt) => {
    const known = rows.get(punt.key);
    if (known) return known;
    const row = new Row((key) => model.select(model.selected === key ? undefined : key));
    rows.set(punt.key, row);
    row.show(punt);
    sight.observe(row.element);
    return row;
  };
  const draw = () => {
    const shown = sorted(model.shown(), order);
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, row] of rows) {
      if (keys.has(key)) continue;
      sight.unobserve(row.element);
      row.element.remove();
      rows.delete(key);
    }
    arrange(
      body,
      shown.map((punt) => {
        const row = rowOf(punt);
        row.show(punt);
        row.mark(punt.key === model.selected);
        return row.element;
      }),
    );
    const all = model.punts.size;
    setText(byId("shown"), shown.length === all ? `${all} punts` : `${shown.length} of ${all} punts`);
    setText(byId("empty"), all === 0 ? "There are no punts." : shown.length === 0 ? "No punt passes the filter." : "");
  };
  const drawRates = () => {
    if (RATES.includes(order.by)) return draw();
    for (const row of rows.values()) row.showRates();
  };
  sortButtons((next) => {
    order = next(order);
    draw();
    return order;
  });
  model.on(["punts", "selection"], draw);
  model.on(["rates"], drawRates);
}

/** `eth0 → MEMIF memif-dapfw`. The path of a socket is in the detail. */
function wayOf({ places, matter, ends }: Punt): string {
  const from = places.join(", ") || (matter === "" ? "VPP's stack" : matter);
  const by = ends.map(({ type, name }) => (name.startsWith("/") ? type : `${type} ${name}`));
  return `${from} → ${by.join(", ")}`;
}

function sorted(punts: readonly Punt[], { by, down }: Order): Punt[] {
  const key = KEYS[by];
  const compare = (a: Punt, b: Punt) => {
    const [x, y] = [key(a), key(b)];
    const order = typeof x === "number" ? x - (y as number) : BY_NUMBER.compare(x, y as string);
    return (down ? -order : order) || BY_NUMBER.compare(a.name, b.name);
  };
  return [...punts].sort(compare);
}

const BY_NUMBER = new Intl.Collator("en", { numeric: true });

/** Moves rows that are not in their place: a row that is moved without need would lose the focus. */
function arrange(body: HTMLTableSectionElement, wanted: readonly HTMLTableRowElement[]): void {
  let place = body.firstElementChild;
  for (const row of wanted) {
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
}

function sortButtons(take: (next: (order: Order) => Order) => Order): void {
  const heads = [...document.querySelectorAll<HTMLTableCellElement>("#punts th[data-sort]")];
  const mark = ({ by, down }: Order) => {
    for (const head of heads)
      head.setAttribute("aria-sort", head.dataset.sort !== by ? "none" : down ? "descending" : "ascending");
  };
  for (const head of heads) {
    const by = head.dataset.sort as Sort;
    head.firstElementChild!.addEventListener("click", () =>
      mark(take((order) => ({ by, down: order.by === by ? !order.down : RATES.includes(by) }))),
    );
  }
  mark({ by: "name", down: false });
}
