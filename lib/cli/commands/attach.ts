// `vpp-punt attach`: the packets of a punt as a capture, to a file or a pipe.
import { printError } from "../output.js";
import { type CaptureFormat, CaptureOutput, type ReceivingOptions, receivePackets } from "../packets/index.js";

interface Options extends ReceivingOptions {
  readonly write: string;
  readonly format: CaptureFormat;
}

type Arguments = [cnf: string, key: string | undefined, label: string | undefined, options: Options];

export async function run(...[cnf, key, label, options]: Arguments): Promise<void> {
  const capture = new CaptureOutput(options.write, options.format);
  const total = await receivePackets([cnf, key, label], options, (packet) => {
    capture.write(packet);
    return capture.isLost ? "end" : "taken";
  });
  capture.close();
  printError(`${total.packets} packets, ${total.bytes} bytes, ${total.dropped + capture.dropped} dropped`);
}
