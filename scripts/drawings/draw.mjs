// Drawings of boxes and arrows as SVG. They have their own ground, so that they are legible on a light and on a dark page.

const COLORS = {
  light: {
    ground: "#f7f8fa",
    line: "#24292f",
    text: "#1f2328",
    vpp: "#dbeafe",
    linux: "#dcfce7",
    cnf: "#fef3c7",
    plain: "#ffffff",
    copy: "#9333ea",
  },
  dark: {
    ground: "#1b1f24",
    line: "#c9d1d9",
    text: "#f0f3f6",
    vpp: "#1e3a5f",
    linux: "#14432a",
    cnf: "#55400f",
    plain: "#2d333b",
    copy: "#d8b4fe",
  },
};
const LINE = 17;
/** Space between an upright arrow and its label: half of a tip, and air. */
const BESIDE = 11;

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function style() {
  const variables = (scheme) =>
    Object.entries(COLORS[scheme])
      .map(([name, color]) => `--${name}:${color}`)
      .join(";");
  return [
    `svg{${variables("light")};font:14px system-ui,sans-serif}`,
    `@media(prefers-color-scheme:dark){svg{${variables("dark")}}}`,
    "text{fill:var(--text);text-anchor:middle}.left{text-anchor:start}.name{font-weight:600}.small{font-size:12px}",
    ".box{stroke:var(--line)}.frame{stroke:var(--line);fill-opacity:.55}.arrow{stroke:var(--line);stroke-width:1.6;fill:none}",
    ".copy{stroke:var(--copy);stroke-dasharray:6 4}.tip{fill:var(--line)}.tipcopy{fill:var(--copy)}.ground{fill:var(--ground)}",
  ].join("");
}

/** A part with parts inside: its name stands in the top left corner. */
function frame({ x, y, w, h, text, kind }) {
  const rect = `<rect class="frame" x="${x}" y="${y}" width="${w}" height="${h}" rx="10" fill="var(--${kind})"/>`;
  return `${rect}<text class="left name" x="${x + 12}" y="${y + 21}">${escaped(text)}</text>`;
}

/** A box; the first line of its text is its name. */
function box({ x, y, w, h, text, kind = "plain" }) {
  const lines = text.split("\n");
  const top = y + h / 2 - ((lines.length - 1) * LINE) / 2 + 5;
  const rows = lines.map((line, index) => {
    const kindOfText = index === 0 ? "name" : "small";
    return `<text class="${kindOfText}" x="${x + w / 2}" y="${top + index * LINE}">${escaped(line)}</text>`;
  });
  return `<rect class="box" x="${x}" y="${y}" width="${w}" height="${h}" rx="6" fill="var(--${kind})"/>${rows.join("")}`;
}

/** The point of a box's side; `at` goes from 0 to 1 along it. */
function point(boxes, place) {
  const [name, side, at = "0.5"] = place.split(" ");
  const found = boxes[name];
  if (!found) throw new Error(`no box ${name}`);
  const { x, y, w, h } = found;
  const part = Number(at);
  if (side === "left") return [x, y + h * part];
  if (side === "right") return [x + w, y + h * part];
  return side === "top" ? [x + w * part, y] : [x + w * part, y + h];
}

/** An arrow `[from, to, label]`; `both` has a tip at each end, `copy` is a copy of packets, `via` are points between. */
function arrow(boxes, [from, to, label = "", { both, copy, via = [], dx = 0, dy = 0 } = {}]) {
  const points = [point(boxes, from), ...via, point(boxes, to)];
  const tip = copy ? "tipcopy" : "tip";
  const start = both ? ` marker-start="url(#${tip})"` : "";
  const path = points.map(([x, y]) => `${x},${y}`).join(" ");
  const line = `<polyline class="arrow${copy ? " copy" : ""}" points="${path}" marker-end="url(#${tip})"${start}/>`;
  if (label === "") return line;
  const middle = Math.floor((points.length - 1) / 2);
  const [[x1, y1], [x2, y2]] = [points[middle], points[middle + 1]];
  const isUpright = Math.abs(x1 - x2) < 3;
  const [x, y] = [
    (x1 + x2) / 2 + (isUpright ? BESIDE : 0) + dx,
    (y1 + y2) / 2 + (isUpright ? (Math.abs(y1 - y2) > 60 ? -9 : 4) : -7) + dy,
  ];
  const rows = label.split("\n").map((text, index) => {
    return `<text class="small${isUpright ? " left" : ""}" x="${x}" y="${y + index * 15}">${escaped(text)}</text>`;
  });
  return line + rows.join("");
}

/** Returns the SVG of a drawing. `title` and `text` are what a screen reader says. */
export function draw({ title, text, width, height, frames = [], boxes, arrows = [] }) {
  const marker = (name) =>
    `<marker id="${name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path class="${name}" d="M0 0L10 5L0 10z"/></marker>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title text">
<title id="title">${escaped(title)}</title>
<desc id="text">${escaped(text)}</desc>
<style>${style()}</style>
<defs>${marker("tip")}${marker("tipcopy")}</defs>
${[`<rect class="ground" width="${width}" height="${height}" rx="12"/>`, ...frames.map(frame), ...Object.values(boxes).map(box), ...arrows.map((each) => arrow(boxes, each))].join("\n")}
</svg>
`;
}
