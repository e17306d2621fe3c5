// Writes a report with plots as one HTML file. Vega draws the plots as SVG.
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Outcome } from "./measure.js";
import { machine, short } from "./report.js";

const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left } .missed { color: #b00020; font-weight: 600 } figure { margin: 2rem 0 }`;

/** Returns the whole document. */
export async function html(outcomes: readonly Outcome[]): Promise<string> {
  const plots = await Promise.all(chartsOf(outcomes).map(figure));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>vpp-punt benchmarks</title><style>${STYLE}</style></head>
<body><h1>vpp-punt benchmarks</h1>
<p>${escaped(machine())}, ${new Date().toISOString()}. Figures are medians; min and max are those of the ratio, or of ours where there is no peer.</p>
${plots.join("\n")}
${tableOf(outcomes)}
</body></html>
`;
}

interface Chart {
  readonly title: string;
  readonly axis: string;
  readonly unit: string;
  readonly points: { x: number; y: number; series: string }[];
}

/** Groups the outcomes that have a place on a chart. */
function chartsOf(outcomes: readonly Outcome[]): Chart[] {
  const charts = new Map<string, Chart>();
  for (const { place, ours, peer, unit, name } of outcomes) {
    if (place === undefined || !name.endsWith(`: ${place.row}`)) continue;
    const chart = charts.get(place.chart) ?? { title: place.chart, axis: place.axis, unit, points: [] };
    charts.set(place.chart, chart);
    chart.points.push({ x: place.x, y: ours, series: "vpp-punt" });
    if (peer !== null) chart.points.push({ x: place.x, y: peer, series: place.peer });
  }
  return [...charts.values()];
}

async function figure({ title, axis, unit, points }: Chart): Promise<string> {
  const spec: TopLevelSpec = {
    width: 640,
    height: 280,
    data: { values: points },
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "x", type: "quantitative", title: axis, scale: { type: "log", base: 2 } },
      y: { field: "y", type: "quantitative", title: unit },
      color: { field: "series", type: "nominal", title: null },
    },
  };
  const svg = await new vega.View(vega.parse(compile(spec).spec), { renderer: "none" }).toSVG();
  return `<figure><figcaption>${escaped(title)}</figcaption>${svg}</figure>`;
}

function tableOf(outcomes: readonly Outcome[]): string {
  const head = ["trial", "ours", "peer", "ratio", "min", "max", "target", ""].map((name) => `<th>${name}</th>`);
  const rows = outcomes.map(({ name, unit, ours, peer, ratio, min, max, target, ok }) => {
    const figures = [`${short(ours)} ${unit}`, short(peer), short(ratio), short(min), short(max), target];
    const verdict = ok ? "<td>ok</td>" : '<td class="missed">missed</td>';
    return `<tr>${[name, ...figures].map((cell) => `<td>${escaped(cell)}</td>`).join("")}${verdict}</tr>`;
  });
  return `<table><tr>${head.join("")}</tr>\n${rows.join("\n")}\n</table>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
