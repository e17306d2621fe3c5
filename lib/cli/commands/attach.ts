// `vpp-punt attach`: the packets of a punt as a capture, to a file or a pipe, or joined to a TAP.
import { PuntError } from "../../errors.js";
import { counted, printError, traffic } from "../output/index.js";
import {
  type CaptureFormat,
  CaptureOutput,
  type OpenEnds,
  type ReceivingOptions,
  receivePackets,
  type TakenPacket,
  Tap,
} from "../packets/index.js";
import type { PuntName } from "../punts/index.js";

interface Options extends ReceivingOptions {
  readonly write: string;
  readonly format: CaptureFormat;
  readonly tap?: string;
}

type Arguments = [cnf: string, key: string | undefined, label: string | undefined, options: Options];

export async function run(...[cnf, key, label, options]: Arguments): Promise<void> {
  const name = [cnf, key, label] as const;
  await (options.tap === undefined ? capture(name, options) : join(name, options, options.tap));
}

async function capture(name: PuntName, options: Options): Promise<void> {
  const output = new CaptureOutput(options.write, options.format);
  const take = (packet: TakenPacket) => {
    output.write(packet);
    return output.isLost ? "end" : "taken";
  };
  const total = await receivePackets(name, options, take, () => output.open());
  output.close();
  if (output.isLost && total.packets === 0) return;
  printError(`${traffic(total)}, ${total.dropped + output.dropped} dropped`);
}

/** Passes packets between a punt's interconnects and TAPs, one for each. The TAPs end with the command. */
async function join(name: PuntName, options: Options, tap: string): Promise<void> {
  const taps: Tap[] = [];
  const back = { packets: 0, dropped: 0 };
  try {
    const total = await receivePackets(
      name,
      options,
      ({ bytes, interconnect }) => {
        taps[interconnect]!.send(bytes);
        return "taken";
      },
      (ends) => openTaps(tap, ends, taps, back),
    );
    const dropped = total.dropped + taps.reduce((sum, each) => sum + each.dropped, 0);
    printError(`${traffic(total)} to the CNF, ${dropped} dropped`);
    printError(`${counted(back.packets, "packet")} back to VPP, ${back.dropped} dropped`);
  } finally {
    for (const each of taps) each.close();
  }
}

function openTaps(name: string, ends: OpenEnds, taps: Tap[], back: { packets: number; dropped: number }): void {
  for (let index = 0; index < ends.count; index++) {
    const tap = Tap.make(ends.count === 1 ? name : `${name}${index + 1}`);
    taps.push(tap);
    printError(`made the TAP ${tap.name}`);
    tap.receive((frame) => {
      if (ends.send(index, frame)) back.packets++;
      else back.dropped++;
    });
  }
  if (ends.count === 0) throw new PuntError("punt.attach", "ERR_USAGE", "the punt has no interconnect");
}
