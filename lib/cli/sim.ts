// `vpp-punt sim`: the embedded VPP as a program, for clients in any language.
import { type Command, Option } from "commander";
import { BUILTIN_RELEASES, NEWEST_RELEASE, type Release } from "../binapi/index.js";
import { EmbeddedVpp } from "../sim/index.js";
import { interrupted } from "./interrupted.js";
import { json } from "./print.js";

interface Options {
  directory?: string;
  release: Release;
  interface: string[];
  exec: string[];
  without: string[];
  host: "emulated" | "linux";
  json?: boolean;
}

const collect = (value: string, values: string[]) => [...values, value];

const release = new Option("--release <release>", "the VPP release it presents")
  .choices(BUILTIN_RELEASES)
  .default(NEWEST_RELEASE);
const host = new Option("--host <kind>", "where TAPs end; on linux they are real, which needs root")
  .choices(["emulated", "linux"])
  .default("emulated");

export function register(program: Command): void {
  program
    .command("sim")
    .description("run the embedded VPP until interrupted: the binary API and the punt socket of a VPP, without root")
    .option("--directory <folder>", "folder of its sockets; default: a new one, removed at the end")
    .addOption(release)
    .option("--interface <name>", "a network card; can be given again", collect, [])
    .option("--exec <line>", "a line of VPP's command line to run at start; can be given again", collect, [])
    .option("--without <plugin>", "a plugin it lacks; can be given again", collect, [])
    .addOption(host)
    .option("--json", "print JSON")
    .action(sim);
}

async function sim({ directory, interface: interfaces, without, json: asJson, ...others }: Options): Promise<void> {
  const folder = directory === undefined ? {} : { directory };
  const vpp = await EmbeddedVpp.start({ ...others, ...folder, interfaces, withoutPlugins: without });
  try {
    const { apiSocket, puntSocket } = vpp;
    console.log(asJson ? json({ apiSocket, puntSocket }) : `API socket:  ${apiSocket}\npunt socket: ${puntSocket}`);
    await interrupted();
  } finally {
    await vpp.close();
  }
}
