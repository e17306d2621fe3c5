// `vpp-punt dump`: a line about each packet of a punt, or a capture with VPP's interface names.
import { describeFrame } from "../../packet/index.js";
import { isOutputLost, jsonLine, print, printable, printError, traffic } from "../output/index.js";
import { CaptureOutput, type ReceivingOptions, receivePackets, type TakenPacket } from "../packets/index.js";

interface Options extends ReceivingOptions {
  readonly output: string;
  readonly write?: string;
  readonly match?: RegExp;
}

type Arguments = [cnf: string, key: string | undefined, label: string | undefined, options: Options];

export async function run(...[cnf, key, label, options]: Arguments): Promise<void> {
  const { write, match } = options;
  const capture = write === undefined ? undefined : new CaptureOutput(write, "pcapng");
  let matched = 0;
  const take = (packet: TakenPacket) => {
    const text = describeFrame(packet.bytes);
    if (match !== undefined && !match.test(`${packet.interface} ${text}`)) return "passed over";
    matched++;
    if (capture === undefined) print(line(packet, text, options.output));
    else capture.write(packet);
    return isOutputLost() || capture?.isLost ? "end" : "taken";
  };
  const total = await receivePackets([cnf, key, label], options, take, () => capture?.open());
  capture?.close();
  if (capture?.isLost && total.packets === 0) return;
  const shown = match === undefined && options.filter === undefined ? "" : `, ${matched} matched`;
  const dropped = total.dropped + (capture?.dropped ?? 0);
  printError(`${traffic(total)}${shown}, ${dropped} dropped`);
}

function line({ bytes, interface: name }: TakenPacket, text: string, output: string): string {
  const time = new Date().toISOString();
  if (output === "json") return jsonLine({ time, interface: name, length: bytes.length, text, bytes });
  return `${time.slice(11, 23)} ${printable(name)} ${bytes.length} ${printable(text)}`;
}
