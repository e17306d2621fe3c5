// `vpp-punt explain`: why packets reach a punt or not, or which punts take a frame.
import { Vpp } from "../../binapi/index.js";
import { PuntError } from "../../errors.js";
import {
  dueFor,
  type ExplainedFrame,
  explainFrames,
  explainPunt,
  type Step,
  traceNext,
  type Verdict,
} from "../../explain/index.js";
import { idKey, idText, type PuntId, type PuntStatus } from "../../punt/index.js";
import { PuntAction } from "../../punt-socket/index.js";
import { exitWith, interrupted, interruption, within } from "../ending/index.js";
import { type Color, json, paint, print, printable, yaml } from "../output/index.js";
import { type Injected, readHex, readPcap } from "../packets/index.js";
import {
  look,
  type ManagedOptions,
  type Opened,
  type PuntExplanation,
  required,
  sayUnseen,
  withPunts,
} from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly vpp: string;
  readonly interface?: string;
  readonly file?: string;
  readonly trace?: boolean;
  readonly duration: number;
  readonly timeout: number;
  readonly output: string;
}

type Arguments = [what: string | undefined, key: string | undefined, label: string | undefined, options: Options];

export async function run(...[what, key, label, options]: Arguments): Promise<void> {
  const { interface: name, file } = options;
  if (name === undefined) {
    if (what === undefined || file !== undefined) throw usage("a punt, or --interface and a frame, are expected");
    return withPunts(options, { readOnly: true }, (opened) => explainOne(opened, [what, key, label], options));
  }
  if ((what === undefined) === (file === undefined) || key !== undefined)
    throw usage("with --interface, a frame in hex or a pcap file (-f) is expected");
  const frames = framesOf(what === undefined ? readPcap(file!) : [readHex(what, false)]);
  await withPunts(options, { readOnly: true }, (opened) => explainAll(opened, frames, { ...options, interface: name }));
}

function usage(text: string): PuntError {
  return new PuntError("punt.explain", "ERR_USAGE", text);
}

function framesOf(packets: readonly Injected[]): Uint8Array[] {
  if (packets.every(({ action }) => action === PuntAction.L2)) return packets.map(({ bytes }) => bytes);
  throw usage("the file has IP packets; a frame that an interface receives has an Ethernet header");
}

/** Runs `body` with a connection to VPP, where a manager of our own has the punts. */
async function withVpp<T>({ vpp: socketPath, timeout }: Options, body: (vpp: Vpp) => Promise<T>): Promise<T> {
  const vpp = await Vpp.connect({ socketPath, reconnect: false, timeout });
  try {
    return await body(vpp);
  } finally {
    await vpp.close();
  }
}

type Name = [cnf: string, key: string | undefined, label: string | undefined];

async function explainOne(opened: Opened, name: Name, options: Options): Promise<void> {
  const { timeout, output } = options;
  await look(opened, timeout);
  const status = required("punt.explain", await opened.punts.list(), name);
  const { steps, trace } = await explanationOf(opened, status, options);
  if (!isStructured({ punt: idText(status.id), steps, ...(trace !== undefined && { trace }) }, output))
    print([...steps.map(stepText), ...(trace === undefined ? [] : [trace]), verdictOf(status, steps)].join("\n"));
  if (steps.some(({ verdict }) => verdict === "fault")) exitWith("failed");
}

/** Asks the daemon that has the punt; without one, VPP. */
async function explanationOf(opened: Opened, status: PuntStatus, options: Options): Promise<PuntExplanation> {
  const { timeout, trace: isTraced, duration } = options;
  const { explainer } = opened;
  if (explainer) return unlessInterrupted(explainer.punt(status.id, isTraced ? duration : 0));
  return withVpp(options, async (vpp) => {
    const trace = isTraced ? await within(timeout + duration, "VPP's trace", traceFor(vpp, duration)) : undefined;
    const due = dueFor(status.id, await opened.punts.plan());
    const counters = await opened.counters(status.id.cnf).catch(() => undefined);
    const steps = await explainPunt({ vpp, status, due, ...(counters && { counters }) });
    return { steps, ...(trace !== undefined && { trace }) };
  });
}

/** The daemon ends a trace when its caller goes. */
async function unlessInterrupted<T>(answer: Promise<T>): Promise<T> {
  const signal = interrupted().then((ending) => {
    throw interruption(ending, "nothing is left in VPP");
  });
  return Promise.race([answer, signal]);
}

/** A signal ends the trace early: VPP would go on with it. */
function traceFor(vpp: Vpp, duration: number): Promise<string> {
  const end = new AbortController();
  void interrupted().then(() => end.abort());
  return traceNext(vpp, duration, end.signal);
}

/** The first fault ends the way. */
function verdictOf({ id }: PuntStatus, steps: readonly Step[]): string {
  const end = steps.find(({ verdict }) => verdict === "fault");
  const text = printable(idText(id));
  return end
    ? paint("red", `no packet reaches ${text}: ${printable(end.place)}: ${printable(end.fact)}`)
    : `packets can reach ${text}`;
}

type FrameOptions = Options & { readonly interface: string };

/** Frames of one question to a daemon. VPP traces one at a time, so that a signal ends the others. */
const FRAMES_OF_A_CALL = { plain: 200, traced: 1 };

async function explainAll(opened: Opened, frames: readonly Uint8Array[], options: FrameOptions): Promise<void> {
  const { timeout, output } = options;
  await look(opened, timeout);
  const all = await (opened.explainer
    ? explainedBy(opened.explainer, frames, options)
    : withVpp(options, (vpp) => explainedHere(vpp, opened, frames, options)));
  if (!isStructured({ frames: all }, output)) print(all.map(frameText).join("\n\n"));
  await sayUnseen(opened);
  if (all.some(({ reaches }) => reaches.length === 0)) exitWith("failed");
}

async function explainedBy(
  explainer: NonNullable<Opened["explainer"]>,
  frames: readonly Uint8Array[],
  { interface: name, trace = false }: FrameOptions,
): Promise<ExplainedFrame[]> {
  const step = trace ? FRAMES_OF_A_CALL.traced : FRAMES_OF_A_CALL.plain;
  const all: ExplainedFrame[] = [];
  for (let at = 0; at < frames.length; at += step) {
    const answer = explainer.frames(frames.slice(at, at + step), { interface: name, trace });
    all.push(...(await unlessInterrupted(answer)));
  }
  return all;
}

async function explainedHere(
  vpp: Vpp,
  opened: Opened,
  frames: readonly Uint8Array[],
  { interface: name, trace = false }: FrameOptions,
): Promise<ExplainedFrame[]> {
  // A signal waits for the frame that VPP has: its stream would stay in VPP.
  const end = new AbortController();
  if (trace) void interrupted().then((by) => end.abort(by));
  const { signal } = end;
  const all = await explainFrames(vpp, await opened.punts.list(), frames, { interface: name, trace }, { signal });
  if (all.length < frames.length) throw interruption(signal.reason, "nothing is left in VPP");
  return all;
}

/** Prints the value where it is not to be printed as text. */
function isStructured(value: object, output: string): boolean {
  if (output === "text") return false;
  print(output === "json" ? json(value) : yaml(value));
  return true;
}

const COLORS: Readonly<Record<Verdict | "copy" | "taken" | "passed", Color>> = {
  ok: "green",
  warning: "yellow",
  fault: "red",
  unknown: "yellow",
  copy: "green",
  taken: "green",
  passed: "dim",
};

function signed(sign: keyof typeof COLORS, text: string): string {
  return `${paint(COLORS[sign], sign.padEnd(8))} ${printable(text)}`;
}

function stepText({ place, fact, verdict, remedy }: Step): string {
  return signed(verdict, `${place}: ${fact}${remedy === undefined ? "" : `. Do: ${remedy}`}`);
}

function frameText({ text, interface: name, steps, punts, reaches, ends, trace }: ExplainedFrame): string {
  return [
    `${printable(name)}: ${printable(text)}`,
    ...steps.map(stepText),
    ...punts.map(({ id, treatment, why }) => signed(treatment, `${idText(id)}: ${why}`)),
    ...ends.map(({ id, place, ...end }) => stepText({ ...end, place: `${idText(id)}: ${place}` })),
    ...(trace === undefined ? [] : [trace.text]),
    ...(trace?.caveat === undefined ? [] : [signed("warning", `trace: ${trace.caveat}`)]),
    reaches.length === 0 ? paint("red", "it reaches no punt") : `it reaches ${reachedText(reaches, ends)}`,
  ].join("\n");
}

function reachedText(reaches: ExplainedFrame["reaches"], ends: ExplainedFrame["ends"]): string {
  const isDeaf = (id: PuntId) => ends.some((end) => idKey(end.id) === idKey(id) && end.verdict === "fault");
  return reaches
    .map((id) => `${printable(idText(id))}${isDeaf(id) ? paint("red", " (no program is there)") : ""}`)
    .join(", ");
}
