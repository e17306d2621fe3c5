// The messages of memclnt.api, vpe.api and vlib.api: connecting, pings, versions, the command line.
import { embeddedBuild } from "../../embedded-build.js";
import { VnetError } from "../vnet-error.js";
import type { ApiContext } from "./context.js";

/** Registers connecting, pings, versions and the command line: memclnt.api, vpe.api, vlib.api. */
export function registerCore(context: ApiContext): void {
  const { registry } = context;
  registry.reply<{ name: string }>("sockclnt_create", ({ name }, client) => {
    client.name = name;
    return { response: 0, index: client.index, message_table: context.table().entries() };
  });
  registry.reply("sockclnt_delete", () => ({ response: 1 }));
  registry.reply("control_ping", (_args, client) => ({ client_index: client.index, vpe_pid: process.pid }));
  registry.reply<{ name: string }>("get_first_msg_id", ({ name }) => {
    const first = context.table().firstIdOf(name.replace(/_[0-9a-f]{8}$/, ""));
    if (first === undefined) throw new VnetError("INVALID_VALUE", `no plugin ${name}`);
    return { first_msg_id: first };
  });
  registry.reply("show_version", () => ({
    program: "vpe",
    version: `${context.release}-embedded`,
    build_date: "2026-06-25T00:00:00",
    // A manager in another process learns from it that the devices are inside of this VPP.
    build_directory: embeddedBuild(context.host),
  }));
  registry.reply("get_api_json", () => ({ json: apiJson(context) }));
  registry.reply("api_versions", () => ({
    api_versions: context
      .table()
      .modules()
      .map((module) => ({ major: 1, minor: 0, patch: 0, name: `${module}.api` })),
  }));
  registry.reply("show_vpe_system_time", () => ({ vpe_system_time: Date.now() / 1000 }));
  registry.reply<{ cmd: string }>("cli_inband", ({ cmd }) => context.cli(cmd));
}

/** Returns the definitions of the messages that this VPP has. */
function apiJson(context: ApiContext): string {
  const table = context.table();
  const files = table.schema.toApiJson().map((file) => ({
    ...file,
    messages: file.messages.filter(([name]) => table.has(name as string)),
  }));
  return JSON.stringify(files.filter(({ messages }) => messages.length > 0));
}
