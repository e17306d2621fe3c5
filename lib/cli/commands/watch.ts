// `vpp-punt watch`: keeps VPP as the punts want it, and prints every change.
import { idText, type PuntEvent } from "../../punt/index.js";
import { interrupted } from "../ending/index.js";
import { jsonLine, paint, print, printable, stateColor } from "../output/index.js";
import { type ManagedOptions, withPunts } from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly cnf?: string;
}

export async function run(options: Options): Promise<void> {
  const end = new AbortController();
  void interrupted().then(() => end.abort());
  await withPunts(options, { readOnly: false }, async ({ punts }) => {
    const { cnf, output } = options;
    for await (const change of punts.watch({ signal: end.signal, ...(cnf !== undefined && { cnf }) })) {
      if (change.kind === "change") print(changeText(change.event, output));
      else if (change.kind === "snapshot")
        for (const { id, state } of change.punts) print(stateText(id, state, output));
    }
  });
}

function changeText({ id, from, to, cause }: PuntEvent, output: string): string {
  const time = new Date().toISOString();
  if (output === "json") return jsonLine({ time, id, from, to, cause });
  const color = stateColor(to);
  return (
    printable(`${time} ${idText(id)} ${from ?? "-"} -> `) + (color ? paint(color, to) : to) + printable(`: ${cause}`)
  );
}

/** The state that a punt has when the watch begins. */
function stateText(id: PuntEvent["id"], state: string, output: string): string {
  const time = new Date().toISOString();
  return output === "json" ? jsonLine({ time, id, to: state }) : printable(`${time} ${idText(id)} is ${state}`);
}
