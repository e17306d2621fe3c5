// Draws the topology as SVG: dagre finds the places, d3 keeps the elements.
import { Graph, layout } from "@dagrejs/dagre";
import { type Selection, select } from "d3-selection";
import { linkHorizontal } from "d3-shape";
import { byId, setText } from "./dom.js";
import type { Model } from "./model.js";
import type { Punt } from "./punt.js";
import { setFilter } from "./summary.js";
import { idText } from "./text.js";
import { type Place, type Topology, topologyOf, type Way } from "./topology.js";

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type PlacedBox = Place & Box;
interface Link {
  readonly source: Point;
  readonly target: Point;
}

/** `x` and `y`: the middle of the label. */
type PlacedWay = Way & Link & Point;

interface Layout {
  readonly boxes: readonly PlacedBox[];
  readonly ways: readonly PlacedWay[];
  readonly width: number;
  readonly height: number;
}

type Group = Selection<SVGGElement, unknown, null, undefined>;

/** Pixels of a letter, and of the frames around VPP and the host. */
const LETTER = 7.2;
const VPP_FRAME = { side: 16, top: 34, bottom: 16 };
const HOST_FRAME = { side: 16, top: 34, bottom: 16 };
const EDGE = VPP_FRAME.side + HOST_FRAME.side + 2;
const TOP = VPP_FRAME.top + HOST_FRAME.top;
/** Pixels between two columns of dagre, the number of such gaps, and how much wider they may become. A way with a label takes two. */
const CLOSE = 40;
const GAPS = 4;
const MOST_SPREAD = 90;

/** Shows the drawing as long as the page is open. */
export function showDrawing(model: Model): void {
  const svg = select(byId("drawing"))
    .append("svg")
    .attr("role", "group")
    .attr("aria-label", "Topology; arrow keys go from box to box");
  const frames = svg.append("g");
  const ways = svg.append("g");
  const boxes = svg.append("g");
  let drawn = "";
  const draw = () => {
    const topology = topologyOf(model.shown(), model.isOwnHost ? model.interfaces : undefined);
    setText(byId("topology-note"), topology.note);
    const text = JSON.stringify([
      topology.places.map(lookOf),
      topology.ways.map(wayLookOf),
      model.isVppConnected,
      hostOf(model),
    ]);
    if (text !== drawn) {
      drawn = text;
      const placed = placedOf(topology, byId("drawing").clientWidth);
      svg
        .attr("viewBox", `0 0 ${placed.width} ${placed.height}`)
        .attr("width", placed.width)
        .attr("height", placed.height);
      drawFrames(frames, placed, model);
      drawWays(ways, placed.ways);
      drawBoxes(boxes, placed.boxes, model);
    } else rebind(ways, boxes, topology);
    mark(ways, boxes, model);
  };
  model.on(["punts", "interfaces", "info"], draw);
  model.on(["selection", "rates"], () => mark(ways, boxes, model));
  listenToArrows(boxes.node()!);
}

/** A state changes more often than the places do: then only what is bound is new. */
function rebind(ways: Group, boxes: Group, { places, ways: fresh }: Topology): void {
  const punts = new Map(places.map((place) => [place.id, place.punts]));
  const ofWay = new Map(fresh.map((way) => [wayId(way), way.punts]));
  boxes.selectAll<SVGGElement, PlacedBox>(".box").each(function (box) {
    select<SVGGElement, PlacedBox>(this).datum({ ...box, punts: punts.get(box.id) ?? [] });
  });
  ways.selectAll<SVGGElement, PlacedWay>(".way").each(function (way) {
    select<SVGGElement, PlacedWay>(this).datum({ ...way, punts: ofWay.get(wayId(way)) ?? [] });
  });
}

function lookOf({ id, title, note, state, isOff }: Place): unknown {
  return [id, title, note, state, isOff];
}

function wayLookOf({ from, to, label, state }: Way): unknown {
  return [from, to, label, state];
}

function wayId({ from, to }: Way): string {
  return `${from} ${to}`;
}

/** Places the boxes, and spreads them over the width that there is. */
function placedOf(topology: Topology, available: number): Layout {
  const close = laidOut(topology, CLOSE);
  const slack = (available - close.width) / GAPS;
  return slack > 0 ? laidOut(topology, CLOSE + Math.min(slack, MOST_SPREAD)) : close;
}

function laidOut({ places, ways }: Topology, gap: number): Layout {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 12, ranksep: gap, marginx: EDGE, marginy: TOP });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const place of places) graph.setNode(place.id, { ...sizeOf(place) });
  for (const { from, to, label } of ways) {
    const width = label === "" ? 0 : 2 * halfOf(label);
    graph.setEdge(from, to, { width, height: label === "" ? 0 : 18, labelpos: "c" });
  }
  layout(graph);
  const boxes = places.map((place) => ({ ...place, ...(graph.node(place.id) as unknown as Box) }));
  const placeOf = new Map(boxes.map((box) => [box.id, box]));
  const placed = ways.map((way): PlacedWay => {
    const [from, to] = [placeOf.get(way.from)!, placeOf.get(way.to)!];
    // Without a label a way has no place for one.
    const { x = 0, y = 0 } = graph.edge(way.from, way.to) as unknown as Partial<Point>;
    const source = { x: from.x + from.width / 2, y: from.y };
    return { ...way, source, target: { x: to.x - to.width / 2, y: to.y }, x, y };
  });
  const right = Math.max(160, ...boxes.map(({ x, width }) => x + width / 2));
  const bottom = Math.max(TOP, ...boxes.map(({ y, height }) => y + height / 2));
  const width = Math.ceil(right + HOST_FRAME.side + 2);
  return { boxes, ways: placed, width, height: Math.ceil(bottom + VPP_FRAME.bottom + HOST_FRAME.bottom + 2) };
}

/** Half of the width of a label. */
function halfOf(label: string): number {
  return (label.length * LETTER * 0.92) / 2 + 6;
}

function sizeOf({ title, note }: Place): { readonly width: number; readonly height: number } {
  const letters = Math.min(34, Math.max(title.length, note.length));
  return { width: Math.max(76, letters * LETTER + 22), height: note === "" ? 30 : 44 };
}

function hostOf({ host, info }: Model): string {
  return host || (info?.cluster?.host ?? "");
}

/** The host has VPP and the CNFs; VPP has its interfaces and what takes the packets. */
function drawFrames(frames: Group, { boxes, width, height }: Layout, model: Model): void {
  const inside = boxes.filter(({ kind }) => kind !== "cnf" && kind !== "more");
  const right = Math.max(EDGE + 60, ...inside.map((box) => box.x + box.width / 2));
  const host = hostOf(model);
  const isThere = model.isVppConnected || !model.isOwnHost;
  const vpp = isThere ? "VPP" : "VPP is away";
  const data = [
    { name: host === "" ? "Host" : `Host ${host}`, kind: "host", x: 1, y: 1, width: width - 2, height: height - 2 },
    {
      name: vpp,
      kind: isThere ? "vpp" : "vpp away",
      x: HOST_FRAME.side,
      y: HOST_FRAME.top,
      width: right + VPP_FRAME.side - HOST_FRAME.side,
      height: height - HOST_FRAME.top - HOST_FRAME.bottom,
    },
  ];
  const joined = frames
    .selectAll<SVGGElement, (typeof data)[number]>("g")
    .data(data)
    .join((enter) => {
      const group = enter.append("g");
      group.append("rect").attr("rx", 10);
      group.append("text");
      return group;
    });
  joined.attr("class", ({ kind }) => `frame ${kind}`);
  joined
    .select("rect")
    .attr("x", ({ x }) => x)
    .attr("y", ({ y }) => y)
    .attr("width", (each) => each.width)
    .attr("height", (each) => each.height);
  joined
    .select("text")
    .attr("x", ({ x }) => x + 14)
    .attr("y", ({ y }) => y + 22)
    .text(({ name }) => name);
}

const link = linkHorizontal<Link, Point>()
  .x(({ x }) => x)
  .y(({ y }) => y);

/** A way goes through its label. */
function pathOf({ source, target, label, x, y }: PlacedWay): string {
  const half = halfOf(label);
  if (label === "") return link({ source, target }) ?? "";
  return `${link({ source, target: { x: x - half, y } })}${link({ source: { x: x + half, y }, target })}`;
}

function drawWays(ways: Group, data: readonly PlacedWay[]): void {
  const joined = ways
    .selectAll<SVGGElement, PlacedWay>("g")
    .data(data, wayId)
    .join((enter) => {
      const group = enter.append("g");
      group.append("path");
      group.append("rect").attr("rx", 4);
      group.append("text");
      return group;
    });
  joined.attr("data-state", ({ state }) => state);
  joined.select("path").attr("d", pathOf);
  const labelled = joined.classed("way", true).classed("labelled", ({ label }) => label !== "");
  labelled
    .select("rect")
    .attr("x", (way) => way.x - halfOf(way.label))
    .attr("y", ({ y }) => y - 9)
    .attr("width", (way) => (way.label === "" ? 0 : 2 * halfOf(way.label)))
    .attr("height", ({ label }) => (label === "" ? 0 : 18));
  labelled
    .select("text")
    .attr("x", ({ x }) => x)
    .attr("y", ({ y }) => y + 4)
    .text(({ label }) => label);
}

function drawBoxes(boxes: Group, data: readonly PlacedBox[], model: Model): void {
  const joined = boxes
    .selectAll<SVGGElement, PlacedBox>("g")
    .data(data, ({ id }) => id)
    .join((enter) => {
      const group = enter.append("g").attr("role", "button").attr("tabindex", -1);
      group.append("title");
      group.append("rect").attr("rx", 6);
      group.append("text").attr("class", "title");
      group.append("text").attr("class", "note");
      return group;
    });
  joined
    .attr("class", ({ kind, isOff }) => `box ${kind}${isOff ? " off" : ""}`)
    .attr("data-state", ({ state }) => state ?? "");
  joined.attr("data-id", ({ id }) => id).attr("aria-label", labelOf);
  joined.select("title").text(labelOf);
  joined
    .select("rect")
    .attr("x", ({ x, width }) => x - width / 2)
    .attr("y", ({ y, height }) => y - height / 2)
    .attr("width", ({ width }) => width)
    .attr("height", ({ height }) => height);
  joined
    .select(".title")
    .attr("x", ({ x }) => x)
    .attr("y", ({ y, note }) => y + (note === "" ? 5 : -3))
    .text(({ title }) => cut(title));
  joined
    .select(".note")
    .attr("x", ({ x }) => x)
    .attr("y", ({ y }) => y + 14)
    .text(({ note }) => cut(note));
  joined
    .on("click", (_event, box) => enterBox(box, model))
    .on("keydown", (event: KeyboardEvent, box) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      enterBox(box, model);
    });
  // One stop of the Tab key for the whole drawing.
  const all = boxes.selectAll<SVGGElement, PlacedBox>(".box");
  if (all.filter("[tabindex='0']").empty()) all.filter((_box, index) => index === 0).attr("tabindex", 0);
}

function labelOf({ kind, title, note, punts }: Place): string {
  const what = { interface: "interface", stack: "", punt: "punt", cnf: "CNF", more: "" }[kind];
  const names = punts.length === 1 ? `, ${idText(punts[0]!.id)}` : punts.length > 1 ? `, ${punts.length} punts` : "";
  return `${what} ${title}, ${note}${kind === "punt" ? names : ""}`.trim();
}

function cut(text: string): string {
  return text.length > 34 ? `${text.slice(0, 33)}…` : text;
}

/** One punt is shown in detail; several become the filter. */
function enterBox({ kind, title, punts }: Place, model: Model): void {
  const [first] = punts;
  if (kind === "punt" && punts.length === 1) model.select(first!.key);
  else if (kind === "interface") setFilter(model.filter === `interface:${title}` ? "" : `interface:${title}`);
  else if (first && kind !== "more" && kind !== "stack")
    setFilter(model.filter === `cnf:${first.id.cnf}` ? "" : `cnf:${first.id.cnf}`);
}

/** Shows what is selected, and where packets flow and are lost. */
function mark(ways: Group, boxes: Group, { selected }: Model): void {
  const isOn = ({ punts }: { readonly punts: readonly Punt[] }) => punts.some(({ key }) => key === selected);
  const sum = ({ punts }: PlacedWay, rate: (punt: Punt) => number) =>
    punts.reduce((total, punt) => total + rate(punt), 0);
  const all = ways.selectAll<SVGGElement, PlacedWay>(".way");
  all
    .classed("on", isOn)
    .classed(
      "flowing",
      (way) => sum(way, ({ history }) => (history.now?.toCnf ?? 0) + (history.now?.fromCnf ?? 0)) > 0,
    );
  all.classed("losing", (way) => way.label !== "" && sum(way, ({ history }) => history.now?.drops ?? 0) > 0);
  const chosen = boxes.selectAll<SVGGElement, PlacedBox>(".box").classed("on", isOn).filter(isOn);
  const isAny = selected !== undefined && !chosen.empty();
  for (const group of [ways, boxes]) group.classed("some", isAny);
}

function listenToArrows(boxes: SVGGElement): void {
  boxes.addEventListener("keydown", ({ key, target }) => {
    const all = [...boxes.querySelectorAll<SVGGElement>(".box")];
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[key];
    const next = step === undefined ? undefined : all[all.indexOf(target as SVGGElement) + step];
    if (!next) return;
    for (const each of all) each.setAttribute("tabindex", each === next ? "0" : "-1");
    next.focus();
  });
}
