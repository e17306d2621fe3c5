// `vpp-punt api`: one request to VPP's binary API, by hand.
import { type Command, InvalidArgumentError } from "commander";
import { Vpp, type VppOptions } from "../binapi/client.js";
import type { MessageValue } from "../binapi/message.js";
import { DEFAULT_SOCKET_PATH } from "../binapi/socket-transport.js";
import { toJson } from "../binapi/trace.js";

interface Options {
  socket: string;
  timeout: number;
  trace?: string;
}

export function register(program: Command): void {
  program
    .command("api")
    .description("send one request to VPP's binary API; replies are printed as JSON lines")
    .argument("<message>", "such as show_version or sw_interface_dump")
    .argument("[fields]", "the request's fields as JSON", parseFields, {})
    .option("--socket <path>", "VPP's API socket", DEFAULT_SOCKET_PATH)
    .option("--timeout <ms>", "how long to wait for an answer", parseTimeout, 10_000)
    .option("--trace <file>", "write every API message, both ways, to the file as JSON lines")
    .action(api);
}

async function api(message: string, fields: MessageValue, { socket, timeout, trace }: Options): Promise<void> {
  const options: VppOptions = { socketPath: socket, timeout, reconnect: false };
  const vpp = await Vpp.connect(trace === undefined ? options : { ...options, trace });
  try {
    for await (const answer of answers(vpp, message, fields)) process.stdout.write(`${toJson(answer)}\n`);
  } finally {
    await vpp.close();
  }
}

async function* answers(vpp: Vpp, message: string, value: MessageValue): AsyncGenerator<MessageValue> {
  if (vpp.service(message)?.stream) yield* vpp.dump(message, value);
  else yield await vpp.call(message, value);
}

function parseFields(text: string): MessageValue {
  const value = parseJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as MessageValue;
  throw new InvalidArgumentError("It is not a JSON object.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}`);
  }
}

function parseTimeout(text: string): number {
  const ms = Number(text);
  if (ms >= 0 && text.trim() !== "") return ms;
  throw new InvalidArgumentError("It is not a number of ms.");
}
