// Small plots of rates, drawn by d3-shape as SVG: their colours are the style sheet's.
import { scaleLinear } from "d3-scale";
import { create, type Selection } from "d3-selection";
import { area, line } from "d3-shape";
import { KEPT, type Rates } from "./history.js";
import { short } from "./text.js";

export type Measure = "toCnf" | "fromCnf" | "drops";

interface Size {
  readonly width: number;
  readonly height: number;
}

type Svg = Selection<SVGSVGElement, undefined, null, undefined>;

/** A plot of a row: what goes to the CNF as an area, drops as a line over it. */
export class Spark {
  readonly element: SVGSVGElement;
  readonly #svg: Svg;
  readonly #size: Size;

  constructor(size: Size) {
    this.#size = size;
    this.#svg = create<SVGSVGElement>("svg")
      .attr("class", "spark")
      .attr("viewBox", `0 0 ${size.width} ${size.height}`)
      .attr("width", size.width)
      .attr("height", size.height)
      .attr("role", "img") as Svg;
    this.#svg.append("path").attr("class", "area");
    this.#svg.append("path").attr("class", "line");
    this.#svg.append("path").attr("class", "drops");
    this.element = this.#svg.node()!;
  }

  draw(rates: readonly Rates[], label: string): void {
    const { width, height } = this.#size;
    const most = Math.max(1, ...rates.map(({ toCnf, fromCnf }) => Math.max(toCnf, fromCnf)));
    const lost = Math.max(most, ...rates.map(({ drops }) => drops));
    const x = scaleLinear([0, KEPT - 1], [1, width - 1]);
    const y = scaleLinear([0, lost], [height - 1, 2]);
    const at = (_: Rates, index: number) => x(KEPT - rates.length + index);
    const shown = rates.length > 1 ? rates : [];
    const path = (measure: Measure) => line<Rates>(at, (each) => y(each[measure]))([...shown]) ?? "";
    const filled = area<Rates>(at, height - 1, (each) => y(each.toCnf))([...shown]) ?? "";
    this.#svg.select(".area").attr("d", filled);
    this.#svg.select(".line").attr("d", path("toCnf"));
    this.#svg.select(".drops").attr("d", rates.some(({ drops }) => drops > 0) ? path("drops") : "");
    this.#svg.attr("aria-label", `${label}: ${summary(rates)}`);
  }
}

function summary(rates: readonly Rates[]): string {
  const last = rates.at(-1);
  if (last === undefined) return "no rates yet";
  const most = Math.max(...rates.map(({ toCnf }) => toCnf));
  const drops = Math.max(...rates.map((each) => each.drops));
  return `${short(last.toCnf)} packets a second, at most ${short(most)}; drops at most ${short(drops)}`;
}
