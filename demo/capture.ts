// The contents of the capture, read without the library: the demo's expectations must not come from the code it shows.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The capture lies with the sources; this file runs compiled, from dist/demo. */
export const captureFile = fileURLToPath(new URL("../../demo/traffic.pcap", import.meta.url));

const FILE_HEADER = 24;
const PACKET_HEADER = 16;

/** The frames of a pcap file written on this kind of machine (little-endian). */
export function readFrames(file: string = captureFile): Buffer[] {
  const bytes = readFileSync(file);
  const frames: Buffer[] = [];
  for (let at = FILE_HEADER; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const start = at + PACKET_HEADER;
    frames.push(bytes.subarray(start, start + length));
    at = start + length;
  }
  return frames;
}
