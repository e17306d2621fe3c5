// Configuration of CNFs in ligato's form: YAML with a group for each module and a list for each model in it.
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { readBytes, unreadable, yamlContent } from "../../files/index.js";
import type { Item } from "../gen/ligato/generic/manager_pb.js";
import { itemKey, type Model, packItem } from "../model.js";

const OP = "stonework.config";

/** Groups of the agent itself, which configure VPP and Linux. */
const OF_THE_AGENT = ["vppConfig", "linuxConfig", "netallocConfig"];

export type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Reads a file: its groups, such as `mock1Config`.
 *
 * @throws PuntError ERR_INVALID_FILE: it is not YAML or not in ligato's form; an errno name
 */
export async function readConfigFile(path: string): Promise<Groups> {
  const bytes = await readBytes(path).catch((cause) => {
    throw unreadable(OP, path, cause);
  });
  return groupsIn(bytes.toString("utf8"), path);
}

/** Reads the text of such a file. @throws PuntError ERR_INVALID_FILE */
export function groupsIn(text: string, path: string): Groups {
  const content = yamlContent(text, path, OP) ?? {};
  if (!isObject(content)) throw invalid(path, "groups of configuration are expected, such as mock1Config");
  for (const [name, group] of Object.entries(content)) {
    if (group !== null && !isObject(group))
      throw invalid(path, `${name}: lists of items are expected, such as Name_list`);
  }
  return Object.fromEntries(Object.entries(content).map(([name, group]) => [name, group ?? {}])) as Groups;
}

/** Returns the groups that configure VPP and Linux, which a punt manager does not. */
export function groupsOfTheAgent(groups: Groups): string[] {
  return Object.keys(groups).filter((name) => OF_THE_AGENT.includes(name) && Object.keys(groups[name]!).length > 0);
}

/**
 * Returns the items of a model in a file, by key.
 *
 * @throws PuntError ERR_INVALID_FILE: an entry does not fit the model's message
 */
export function itemsOf(groups: Groups, model: Model, path: string): Map<string, Item> {
  const { message, spec } = model;
  // Models of one agent share a group: that of vpp.nat is vppConfig.
  const groupName = `${spec.module.split(".")[0]}Config`;
  const group = groups[groupName] ?? {};
  const entries = [group[`${message.name}_list`], group[message.name]].flatMap((each) => each ?? []);
  return new Map(
    entries.map((entry, index) => itemOf(entry, model, `${path}: ${groupName}.${message.name}_list[${index}]`)),
  );
}

function itemOf(entry: unknown, model: Model, where: string): [key: string, item: Item] {
  try {
    const item = packItem(model, fromJson(model.message, entry as JsonValue));
    return [itemKey(model, item.id!.name), item];
  } catch (cause) {
    throw new PuntError(OP, "ERR_INVALID_FILE", `${where}: ${(cause as Error).message}`, { where }, cause);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(path: string, text: string): PuntError {
  return new PuntError(OP, "ERR_INVALID_FILE", `${path}: ${text}`, { path });
}
