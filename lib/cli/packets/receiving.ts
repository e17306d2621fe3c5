// Receives a punt's packets until a command has seen enough of them.
import { type OpenEnds, openEnds, type TakenPacket } from "../../dump/index.js";
import { PuntError } from "../../errors.js";
import { PacketFilter, PacketRules } from "../../packet/index.js";
import { idText } from "../../punt/index.js";
import { type Ending, interrupted } from "../ending/index.js";
import { printError } from "../output/index.js";
import { type ManagedOptions, type Opened, type PuntName, required, withPunts } from "../punts/index.js";

export interface ReceivingOptions extends ManagedOptions {
  /** Ends after this number of packets that were taken. */
  readonly count?: number;
  /** Ends after this number of milliseconds. */
  readonly duration?: number;
  /** Only packets that this expression of tcpdump's language takes. */
  readonly filter?: string;
}

/** Counts all packets, and hands out the packets that match the expression. */
function rulesOf(expression: string): PacketRules {
  const match = PacketFilter.compile(expression);
  return new PacketRules([{ action: "count" }, { match, action: "deliver" }, { action: "drop" }]);
}

/** A command's decision on a packet. At "end" nothing reads its output any more. */
export type Taken = "taken" | "passed over" | "end";

export interface Received {
  /** All packets that came, those passed over or not taken by the filter included. */
  readonly packets: number;
  readonly bytes: number;
  readonly dropped: number;
}

/**
 * Calls `onOpen` with the open ends of a punt, and `take` for every packet until it returns "end", it has taken `count` packets, `duration` has passed, or the command
 * is interrupted.
 */
export async function receivePackets(
  name: PuntName,
  options: ReceivingOptions,
  take: (packet: TakenPacket) => Taken,
  onOpen: (ends: OpenEnds) => void = () => {},
): Promise<Received> {
  const rules = options.filter === undefined ? undefined : rulesOf(options.filter);
  const ended = interrupted();
  return withPunts(options, { readOnly: true }, async (opened) => {
    const punt = required("punt.attach", await opened.punts.list(), name);
    return receive(punt, opened, options, take, { ended, onOpen, rules });
  });
}

interface Course {
  readonly ended: Promise<Ending>;
  readonly onOpen: (ends: OpenEnds) => void;
  readonly rules: PacketRules | undefined;
}

async function receive(
  punt: Parameters<typeof openEnds>[0],
  opened: Opened,
  { count = Number.POSITIVE_INFINITY, duration }: ReceivingOptions,
  take: (packet: TakenPacket) => Taken,
  { ended, onOpen, rules }: Course,
): Promise<Received> {
  const interfaces = await opened.interfaces();
  const attached = await opened.attach?.(punt, rules);
  const total = { packets: 0, bytes: 0 };
  const over = new AbortController();
  let left = count;
  let timer: NodeJS.Timeout | undefined;
  let waiting: NodeJS.Timeout | undefined;
  let ends: ReturnType<typeof openEnds> | undefined;
  try {
    void sayWhenLost(opened, idText(punt.id), over.signal);
    await new Promise<void>((resolve, reject) => {
      const onPacket = (packet: TakenPacket) => {
        if (left <= 0) return;
        try {
          total.packets++;
          total.bytes += packet.bytes.length;
          const taken = take(packet);
          if (taken === "taken") left--;
          if (taken === "end") left = 0;
          if (left <= 0) resolve();
        } catch (error) {
          reject(error);
        }
      };
      ends = openedEnds(punt, { attached, interfaces, filter: rules, onPacket, onRefused: reject });
      onOpen(ends);
      waiting = sayWhenConnected(ends, idText(punt.id));
      if (duration !== undefined) timer = setTimeout(resolve, duration);
      void ended.then(() => resolve());
    });
    return { ...total, ...rules?.counts()[0], dropped: ends!.dropped() };
  } finally {
    over.abort();
    clearTimeout(timer);
    clearTimeout(waiting);
    ends?.close();
  }
}

/** Opens the ends. An end that is not there is that of a punt that VPP does not carry yet. */
function openedEnds(punt: Parameters<typeof openEnds>[0], options: Parameters<typeof openEnds>[1]): OpenEnds {
  try {
    return openEnds(punt, options);
  } catch (error) {
    if (!(error instanceof PuntError) || !ABSENT.has(error.code)) throw error;
    const id = idText(punt.id);
    const remedy = `\`vpp-punt explain ${id}\` says what it waits for`;
    throw new PuntError("punt.attach", error.code, `the end of ${id} is not there`, { remedy }, error);
  }
}

/** A device, or a namespace, that does not exist. */
const ABSENT = new Set(["ENODEV", "ENOENT"]);

/** How long VPP's connection may take before the user learns what the command waits for. */
const PATIENCE_MS = 1000;

/** Prints once that VPP has gone away. A command of its own store makes nothing: without a manager, VPP comes back without the punt. */
async function sayWhenLost({ lost, isKept }: Opened, punt: string, over: AbortSignal): Promise<void> {
  const kept = (await isKept?.()) ?? true;
  await lost(0);
  if (over.aborted) return;
  const hint = kept ? "" : `; no manager makes ${punt} again in the next one: \`vpp-punt watch\` does`;
  printError(`VPP has disconnected: waiting for it${hint}`);
}

/** Prints that packets come, once VPP has connected. Until then, the timer prints what the command waits for. */
function sayWhenConnected({ connected }: OpenEnds, punt: string): NodeJS.Timeout {
  const waiting = setTimeout(() => printError(`waiting for VPP to connect to ${punt}`), PATIENCE_MS);
  void connected.then(() => {
    clearTimeout(waiting);
    printError(`attached to ${punt}`);
  });
  return waiting;
}
