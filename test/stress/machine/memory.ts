// Memory that runs out under the ports: they say so, and connect when there is some again.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { within } from "../settling.js";
import { Shortage } from "./shortage.js";

const script = fileURLToPath(new URL("./memory-script.js", import.meta.url));

interface Told {
  readonly refused?: string;
  readonly reasons?: readonly string[];
  readonly isUp?: boolean;
  readonly packets?: number;
}

async function noMemory(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-memory-"));
  const shortage = new Shortage(join(folder, "shortage"), folder);
  shortage.set({ memory: "ENOMEM" });
  const child = fork(script, [folder], { env: { ...process.env, ...shortage.env } });
  const told = async () => ((await once(child, "message")) as [Told])[0];
  try {
    let done = "";
    await within(
      "the ports",
      60_000,
      (async () => {
        const first = await told();
        if (first.isUp) throw new Error("the ports have connected without memory");
        const said = first.refused ?? first.reasons!.join("; ");
        if (!/ENOMEM|memory/i.test(said)) throw new Error(`no port says that memory is short: ${said}`);
        shortage.set({});
        child.send("go on");
        const { packets } = await told();
        done = `refused with "${said}", then ${packets} packet`;
      })(),
    );
    return done;
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

export const memories: Readonly<Record<string, () => Promise<string>>> = { "no memory for regions": noMemory };
