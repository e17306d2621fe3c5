// The client's options and their checks.
import { PuntError } from "../errors.js";
import { isAbortSignal, MAX_SOCKET_PATH, MAX_TIMEOUT_MS, OptionCheck } from "../options.js";
import type { BackoffOptions } from "./backoff.js";
import { MOST_REQUESTS } from "./request-table.js";
import { Schema } from "./schema.js";
import { LONGEST_NAME, type Transport } from "./transport.js";

/** Options of one request. */
export interface RequestOptions {
  /** Rejects the request with ERR_ABORTED. A request that waits in the client is not sent any more. */
  signal?: AbortSignal;
  /** Milliseconds without an answer after which the request rejects with ERR_TIMEOUT; 0: never. */
  timeout?: number;
  /**
   * For a call that VPP may leave unanswered: the client sends a ping behind it. If the ping's answer comes first, the call rejects
   * with ERR_NO_REPLY.
   */
  fenced?: boolean;
}

const NAMES: ReadonlySet<string> = new Set([
  ...[
    "socketPath",
    "name",
    "transport",
    "schema",
    "window",
    "queueLimit",
    "timeout",
    "connectTimeout",
    "reconnect",
    "wait",
  ],
  ...["trace", "signal"],
]);

/**
 * Checks the options of `Vpp.connect`.
 *
 * @throws PuntError ERR_OPTION: an option is wrong; `details.option` names it
 */
export function checkOptions(given: object): void {
  if (typeof given !== "object" || given === null) refuse("options", "must be an object");
  const stranger = Object.keys(given).find((name) => !NAMES.has(name));
  if (stranger !== undefined) refuse(stranger, "is not an option");
  const options = given as Readonly<Record<string, unknown>>;
  const { socketPath, name, wait, schema, transport, trace, signal } = options;
  const check = new OptionCheck("binapi.connect");
  if (socketPath !== undefined) check.text("socketPath", socketPath, MAX_SOCKET_PATH, 1);
  if (name !== undefined) check.text("name", name, LONGEST_NAME);
  // In a window of one, a dump would wait without an end for the ping behind it.
  number("window", options.window, 2, MOST_REQUESTS);
  number("queueLimit", options.queueLimit, 1, MOST_REQUESTS);
  number("timeout", options.timeout, 0, Number.POSITIVE_INFINITY);
  number("connectTimeout", options.connectTimeout, 0, MAX_TIMEOUT_MS);
  if (wait !== true) number("wait", wait, 0, MAX_TIMEOUT_MS);
  if (options.reconnect !== undefined && options.reconnect !== false) checkPauses(check, options.reconnect);
  if (!isTrace(trace)) refuse("trace", "must be a path or a function");
  if (signal !== undefined && !isAbortSignal(signal)) refuse("signal", "must be an AbortSignal");
  if (!isTransport(transport)) refuse("transport", 'must be "socket", "vapi" or a Transport');
  if (!isSource(schema)) refuse("schema", 'must be "auto", "builtin", { folder } or a Schema');
}

const REQUEST_NAMES: ReadonlySet<string> = new Set(["signal", "timeout", "fenced"]);

/** Checks the options of a request. @throws PuntError as `checkOptions` does */
export function checkRequest(message: string, options: Readonly<Record<string, unknown>> | RequestOptions): void {
  const refuseIt: (option: string, rule: string) => never = (option, rule) => {
    throw new PuntError("binapi.call", "ERR_OPTION", `${message}: option ${option} ${rule}`, { message, option });
  };
  if (typeof options !== "object" || options === null) refuseIt("options", "must be an object");
  for (const name in options) if (!REQUEST_NAMES.has(name)) refuseIt(name, "is not an option");
  const { timeout = 0, signal } = options;
  if (typeof timeout !== "number" || !(timeout >= 0)) refuseIt("timeout", "must be a number of ms from 0");
  if (signal !== undefined && !isAbortSignal(signal)) refuseIt("signal", "must be an AbortSignal");
}

/** Checks the options of a subscription to `event`. @throws PuntError as `checkOptions` does */
export function checkSubscription(event: string, options: Readonly<Record<string, unknown>>): void {
  const refuseIt: (option: string, rule: string) => never = (option, rule) => {
    const text = `${String(event)}: option ${option} ${rule}`;
    throw new PuntError("binapi.subscribe", "ERR_OPTION", text, { message: event, option });
  };
  new OptionCheck("binapi.subscribe").text("event", event, Number.POSITIVE_INFINITY, 1);
  if (typeof options !== "object" || options === null) refuseIt("options", "must be an object");
  for (const name in options) if (name !== "queueLimit") refuseIt(name, "is not an option");
  const { queueLimit = 1 } = options;
  if (!Number.isSafeInteger(queueLimit) || (queueLimit as number) < 1) refuseIt("queueLimit", "must be a count from 1");
}

/** Checks the pauses between attempts to connect. Without a pause, the attempts would take all of a core. */
function checkPauses(check: OptionCheck, pauses: unknown): void {
  check.known(pauses, ["min", "max"], "reconnect");
  const { min, max } = pauses as BackoffOptions;
  number("reconnect.min", min, 1, MAX_TIMEOUT_MS);
  number("reconnect.max", max, 1, MAX_TIMEOUT_MS);
}

function isTrace(trace: unknown): boolean {
  return trace === undefined || typeof trace === "function" || (typeof trace === "string" && trace !== "");
}

function isSource(schema: unknown): boolean {
  if (schema === undefined || schema === "auto" || schema === "builtin" || schema instanceof Schema) return true;
  return typeof (schema as { folder?: unknown } | null)?.folder === "string";
}

function number(option: string, value: unknown, low: number, high: number): void {
  if (value === undefined || (typeof value === "number" && value >= low && value <= high)) return;
  refuse(option, `must be a number from ${low} to ${high}`);
}

function isTransport(value: unknown): boolean {
  if (value === undefined || value === "socket" || value === "vapi") return true;
  return typeof (value as Partial<Transport> | null)?.connect === "function";
}

function refuse(option: string, rule: string): never {
  throw new PuntError("binapi.connect", "ERR_OPTION", `option ${option} ${rule}`, { option });
}
