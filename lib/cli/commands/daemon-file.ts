// The options of a daemon that a file has, and errors that name the file.
import { isDeepStrictEqual } from "node:util";
import type { DaemonOptions } from "../../daemon/index.js";
import { messageOf, PuntError } from "../../errors.js";
import { readBytes, unreadable, yamlContent } from "../../files/index.js";

/** @throws PuntError ERR_INVALID_FILE; an errno name */
export async function fileOptions(path: string): Promise<DaemonOptions> {
  let text: string;
  try {
    text = (await readBytes(path)).toString("utf8");
  } catch (cause) {
    throw unreadable("daemon.config", path, cause);
  }
  const content = yamlContent(text, path, "daemon.config") ?? {};
  if (typeof content === "object" && !Array.isArray(content)) return content;
  throw new PuntError("daemon.config", "ERR_INVALID_FILE", `${path}: names and values of options are expected`, {
    path,
  });
}

/** Returns the error of a daemon with the options `asked`. It names the file if the option at fault is as the file `path` has it. */
export function namingFile(error: unknown, path: string, file: DaemonOptions, asked: DaemonOptions): unknown {
  if (!(error instanceof PuntError)) return error;
  const { op, code, details, cause } = error;
  if (typeof details.option !== "string") return error;
  const option = details.option.split(/[.[\]]+/).filter((part) => part !== "");
  const isOfFile = option[0]! in file && isDeepStrictEqual(valueAt(file, option), valueAt(asked, option));
  return isOfFile ? new PuntError(op, code, `${path}: ${messageOf(error)}`, { ...details, path }, cause) : error;
}

function valueAt(options: unknown, names: readonly string[]): unknown {
  return names.reduce((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], options);
}
