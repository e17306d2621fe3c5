// The frames that two processes exchange beside descriptors: a header of 12 bytes, then a payload.
import { PuntError } from "../errors.js";

/** `request` from the client; `answer` or `refusal` (an error as JSON) from the server. */
export type FrameKind = "request" | "answer" | "refusal";

export interface Frame {
  readonly kind: FrameKind;
  readonly bytes: Uint8Array;
}

export interface FrameHeader {
  readonly kind: FrameKind;
  /** Bytes of the payload. */
  readonly size: number;
  /** Descriptors that belong to the frame. */
  readonly descriptors: number;
}

/** Magic and version; kind, a zero byte and the number of descriptors; size of the payload. Numbers are big-endian. */
export const HEADER_SIZE = 12;
/** "VPF" and the version, 1. */
const MAGIC = 0x56504601;
const KINDS: readonly FrameKind[] = ["request", "answer", "refusal"];

/** The most descriptors that Linux passes beside one message. */
export const MOST_DESCRIPTORS = 253;

export function encodeFrame({ kind, bytes }: Frame, descriptors: number): Uint8Array {
  const frame = new Uint8Array(HEADER_SIZE + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, KINDS.indexOf(kind));
  view.setUint16(6, descriptors);
  view.setUint32(8, bytes.length);
  frame.set(bytes, HEADER_SIZE);
  return frame;
}

/** Reads the first HEADER_SIZE bytes. @throws PuntError ERR_PROTOCOL: no end of this protocol sends them */
export function decodeHeader(bytes: Uint8Array): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
  const kind = KINDS[view.getUint8(4)];
  if (view.getUint32(0) !== MAGIC || kind === undefined || view.getUint8(5) !== 0) {
    throw protocolError("what it sent is not a frame of this protocol");
  }
  return { kind, size: view.getUint32(8), descriptors: view.getUint16(6) };
}

export function protocolError(problem: string): PuntError {
  return new PuntError("descriptor.exchange", "ERR_PROTOCOL", `the peer was disconnected: ${problem}`);
}

/** An error as the payload of a refusal: what a client may know of it. */
export function encodeRefusal(error: unknown): Uint8Array {
  const known = error instanceof PuntError;
  const op = known ? error.op : "descriptor-server.handle";
  const refusal = known
    ? { op, code: error.code, message: error.message.slice(op.length + 2), details: error.details }
    : { op, code: "ERR_INTERNAL", message: "the server's handler failed", details: {} };
  const text = JSON.stringify(refusal, (_key, value) => (typeof value === "bigint" ? String(value) : value));
  return Buffer.from(text);
}

/** The error that a refusal tells of. */
export function decodeRefusal(bytes: Uint8Array): PuntError {
  try {
    const { op, code, message, details } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown>;
    return new PuntError(String(op), String(code), String(message), Object(details) as Record<string, unknown>);
  } catch {
    return protocolError("its refusal cannot be read");
  }
}
