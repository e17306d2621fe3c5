// `vpp-punt api`: one request to VPP's binary API, by hand.
import { Vpp, type VppOptions } from "../../binapi/index.js";
import { PuntError } from "../../errors.js";
import { type Ending, interrupted, interruption } from "../ending/index.js";
import { isOutputLost, print } from "../output/index.js";
import { withTexts } from "./text-fields.js";

interface Options {
  readonly vpp: string;
  readonly timeout: number;
  readonly trace?: string;
}

type Value = Record<string, unknown>;

export async function run(message: string, fields: Value, { vpp: socketPath, timeout, trace }: Options): Promise<void> {
  const options: VppOptions = { socketPath, timeout, reconnect: false };
  const vpp = await Vpp.connect(trace === undefined ? options : { ...options, trace });
  let ending: Ending | undefined;
  void interrupted().then((by) => {
    ending = by;
    return vpp.close();
  });
  try {
    await withTexts(fields, (value) => send(vpp, message, value));
  } catch (error) {
    // After the loss of the output there is nothing to say: its reader has seen enough.
    if (ending === undefined) {
      if (error instanceof PuntError && error.details.reply !== undefined) printAnswer(error.details.reply);
      throw error;
    }
    if (ending !== "output") throw interruption(ending, `VPP may have carried out ${message}`);
  } finally {
    await vpp.close();
  }
}

async function send(vpp: Vpp, message: string, value: Value): Promise<void> {
  for await (const answer of answers(vpp, message, value)) {
    if (isOutputLost()) return;
    printAnswer(answer);
  }
}

function printAnswer(answer: unknown): void {
  print(JSON.stringify(answer, plain));
}

/** 64-bit integers as decimal text, bytes in hex. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

async function* answers(vpp: Vpp, message: string, value: Value): AsyncGenerator<Value> {
  if (vpp.service(message)?.stream) yield* vpp.dump(message, value) as AsyncIterable<Value>;
  else yield (await vpp.call(message, value)) as Value;
}
