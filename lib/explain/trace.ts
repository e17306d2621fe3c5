// Sends one frame through VPP as if an interface had received it, and returns VPP's own trace of it.
import { setTimeout as sleep } from "node:timers/promises";
import { PuntError } from "../errors.js";
import type { VppApi } from "../punt/index.js";
import type { FrameOn } from "./frame.js";

/** Name of the stream in VPP's packet generator. */
const STREAM = "vpp-punt-explain";
/** A buffer of VPP is as long, and the packet generator fills one. */
const LONGEST_FRAME = 2_048;
/** The number of looks for the packet in VPP's trace, and the time between two. */
const LOOKS = 50;
const LOOK_MS = 20;

/** VPP's trace of a frame. */
export interface FrameTrace {
  readonly text: string;
  /** Present where this VPP's packet generator did not take the whole way of a frame of the wire. */
  readonly caveat?: string;
}

const PAST_LAYER_2 =
  "the packet generator of this VPP passes the layer 2 of the interface by: its MAC address and its cross-connect are not in the trace";

/**
 * Sends the frame by VPP's packet generator. The CNF gets the packet. VPP's earlier traces are cleared.
 *
 * @throws PuntError ERR_INVALID_PACKET: the frame is too long; ERR_TRACE: VPP refuses the stream, or traces nothing
 */
export async function traceFrame(vpp: VppApi, { frame, interface: name }: FrameOn): Promise<FrameTrace> {
  if (frame.length > LONGEST_FRAME) {
    const message = `VPP's packet generator sends frames of up to ${LONGEST_FRAME} bytes; this one has ${frame.length}`;
    throw new PuntError("explain.trace", "ERR_INVALID_PACKET", message);
  }
  const run = cliOf(vpp);
  const before = await generators(vpp);
  await run(`packet-generator delete ${STREAM}`);
  await run("clear trace");
  await run("trace add pg-input 1");
  const refusal = await run(`packet-generator new { ${streamOf(frame, name)} }`);
  if (refusal.trim() !== "")
    throw new PuntError("explain.trace", "ERR_TRACE", `VPP refuses the packet: ${refusal.trim()}`);
  try {
    await run(`packet-generator enable-stream ${STREAM}`);
    const text = await traced(() => run("show trace"));
    return isPastLayer2(text) ? { text, caveat: PAST_LAYER_2 } : { text };
  } finally {
    await run(`packet-generator delete ${STREAM}`);
    // VPP makes an interface for the generator. Releases before 25.02 cannot delete it.
    const made = (await generators(vpp)).filter((each) => !before.includes(each));
    for (const each of made) await run(`delete packet-generator interface ${each}`);
  }
}

function streamOf(frame: Uint8Array, name: string): string {
  const { length } = frame;
  const data = `data { hex 0x${Buffer.from(frame).toString("hex")} }`;
  return `name ${STREAM} limit 1 size ${length}-${length} interface ${name} node ethernet-input ${data}`;
}

async function generators(vpp: VppApi): Promise<string[]> {
  const details = await vpp.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  return details.map(({ interface_name }) => interface_name).filter((name) => /^pg-?\d+$/.test(name));
}

/** Whether the frame came to ethernet-input as one of the generator's own interface: VPP before 26.02 does so. */
function isPastLayer2(trace: string): boolean {
  const [, wanted] = /: pg-input\n.* sw_if_index (\d+)/.exec(trace) ?? [];
  const [, actual] = /: ethernet-input\n.*frame: .* sw-if-index (\d+)/.exec(trace) ?? [];
  return wanted !== undefined && actual !== undefined && wanted !== actual;
}

/** Returns a function that runs a line of VPP's command line, and returns VPP's answer. A refusal is an answer too. */
function cliOf(vpp: VppApi): (cmd: string) => Promise<string> {
  return async (cmd) => {
    const { reply } = await vpp.call("cli_inband", { cmd }).catch(refusalIn);
    return reply.replaceAll("\r", "");
  };
}

function refusalIn(error: unknown): { readonly reply: string } {
  const { reply } = (error instanceof PuntError ? error.details : {}) as {
    readonly reply?: { readonly reply?: string };
  };
  if (reply?.reply === undefined) throw error;
  return { reply: reply.reply };
}

/** VPP's input nodes of the devices that it receives from. A VPP that lacks one refuses that one only. */
const INPUTS = ["dpdk", "af-packet", "virtio", "memif", "avf", "rdma", "vmxnet3", "vhost-user", "host-interface", "pg"];
/** Packets of each input node. */
const PACKETS = 10;

/** Traces the next packets that VPP receives, ten of each kind of device, for `ms` milliseconds or until `signal` aborts. VPP's earlier traces are cleared. */
export async function traceNext(vpp: VppApi, ms: number, signal?: AbortSignal): Promise<string> {
  const run = cliOf(vpp);
  await run("clear trace");
  for (const input of INPUTS) await run(`trace add ${input}-input ${PACKETS}`);
  await sleep(ms, undefined, signal && { signal }).catch(() => {});
  const text = await run("show trace");
  await run("clear trace");
  return text.trimEnd();
}

async function traced(show: () => Promise<string>): Promise<string> {
  for (let look = 0; look < LOOKS; look++) {
    const text = await show();
    // A packet that waits in a queue of VPP gets more lines with the next look.
    if (/^Packet 1$/m.test(text) && text === (await later(show))) return text.trimEnd();
    await sleep(LOOK_MS);
  }
  throw new PuntError("explain.trace", "ERR_TRACE", "VPP has sent the packet and traces nothing of it");
}

async function later(show: () => Promise<string>): Promise<string> {
  await sleep(LOOK_MS);
  return show();
}
