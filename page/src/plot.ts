// The plot of one punt: packets a second to and from the CNF, and drops, with scales.
import { scaleLinear, scaleTime } from "d3-scale";
import { create, type Selection } from "d3-selection";
import { line } from "d3-shape";
import { KEPT, type Rates } from "./history.js";
import type { Measure } from "./spark.js";
import { clock, rateText, short } from "./text.js";

const WIDTH = 330;
const HEIGHT = 130;
const MARGIN = { left: 40, right: 8, top: 8, bottom: 20 };
/** Milliseconds that the plot shows. */
const SPAN_MS = KEPT * 2_000;

const SERIES: readonly { readonly measure: Measure; readonly name: string }[] = [
  { measure: "toCnf", name: "to the CNF" },
  { measure: "fromCnf", name: "from the CNF" },
  { measure: "drops", name: "dropped" },
];

type Svg = Selection<SVGSVGElement, undefined, null, undefined>;

export class Plot {
  readonly element: SVGSVGElement;
  readonly #svg: Svg;

  constructor() {
    this.#svg = create<SVGSVGElement>("svg")
      .attr("class", "plot")
      .attr("viewBox", `0 0 ${WIDTH} ${HEIGHT}`)
      .attr("role", "img") as Svg;
    this.#svg.append("g").attr("class", "grid");
    this.#svg.append("g").attr("class", "times");
    for (const { measure } of SERIES) this.#svg.append("path").attr("class", `series ${measure}`);
    this.element = this.#svg.node()!;
  }

  draw(rates: readonly Rates[]): void {
    const now = rates.at(-1)?.time ?? Date.now();
    const most = Math.max(1, ...rates.map(({ toCnf, fromCnf, drops }) => Math.max(toCnf, fromCnf, drops)));
    const x = scaleTime([new Date(now - SPAN_MS), new Date(now)], [MARGIN.left, WIDTH - MARGIN.right]);
    const y = scaleLinear([0, most], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(3);
    this.#drawGrid(y.ticks(3), y);
    this.#drawTimes(x.ticks(3), x);
    for (const { measure } of SERIES) {
      const path =
        line<Rates>(
          (each) => x(each.time),
          (each) => y(each[measure]),
        )([...rates]) ?? "";
      this.#svg.select(`.${measure}`).attr("d", rates.length > 1 ? path : "");
    }
    const last = rates.at(-1);
    const text = SERIES.map(({ measure, name }) => `${name} ${rateText(last?.[measure])}`).join(", ");
    this.#svg.attr("aria-label", `Packets over three minutes: ${text}`);
  }

  #drawGrid(ticks: readonly number[], y: (value: number) => number): void {
    const lines = this.#svg
      .select(".grid")
      .selectAll<SVGGElement, number>("g")
      .data(ticks)
      .join((enter) => {
        const group = enter.append("g");
        group
          .append("line")
          .attr("x1", MARGIN.left)
          .attr("x2", WIDTH - MARGIN.right);
        group
          .append("text")
          .attr("x", MARGIN.left - 6)
          .attr("text-anchor", "end");
        return group;
      });
    lines.select("line").attr("y1", y).attr("y2", y);
    lines
      .select("text")
      .attr("y", (value) => y(value) + 4)
      .text(short);
  }

  #drawTimes(ticks: readonly Date[], x: (time: Date) => number): void {
    const texts = this.#svg.select(".times").selectAll<SVGTextElement, Date>("text").data(ticks).join("text");
    texts
      .attr("x", x)
      .attr("y", HEIGHT - 4)
      .attr("text-anchor", (time) => (x(time) > WIDTH - 24 ? "end" : "middle"))
      .text((time) => clock(time).slice(0, 5));
  }
}

/** Returns the words beside the plot: each series has a line of its own. */
export const LEGEND = SERIES;
