// A PuntError over the wire: a gRPC status that a program in any language can test, with the error itself as its detail.
import type { JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ErrorDetails, messageOf, PuntError } from "../errors.js";
import { MOST_PARTS } from "../grpc/index.js";
import { packageVersion } from "../package-root.js";
import { ErrorDetailSchema } from "./gen/vpp_punt/v1/status_pb.js";

/** The gRPC status of our codes, without "ERR_"; every other code is VPP's or Linux's. */
const STATUS: Readonly<Record<string, Code>> = {
  INVALID_REQUEST: Code.InvalidArgument,
  OPTION: Code.InvalidArgument,
  INVALID_CIDR: Code.InvalidArgument,
  INVALID_PACKET: Code.InvalidArgument,
  CONFLICT: Code.AlreadyExists,
  PUNT_EXISTS: Code.AlreadyExists,
  NO_SUCH_PUNT: Code.NotFound,
  NO_SUCH_SESSION: Code.NotFound,
  POLICY: Code.PermissionDenied,
  READ_ONLY: Code.FailedPrecondition,
  POOL_EXHAUSTED: Code.ResourceExhausted,
  SLOW_WATCHER: Code.ResourceExhausted,
  RESOURCE_EXHAUSTED: Code.ResourceExhausted,
  DISCONNECTED: Code.Unavailable,
  CLOSED: Code.Unavailable,
  UNRESOLVED: Code.Unavailable,
  NOT_LEADER: Code.Unavailable,
  ETCD_AWAY: Code.Unavailable,
  CHANGED_ELSEWHERE: Code.Aborted,
  REPLACED: Code.Aborted,
  ETIMEDOUT: Code.DeadlineExceeded,
  ECANCELED: Code.Aborted,
};

/** The codes for a gRPC status without details. */
const CODES: Readonly<Partial<Record<Code, string>>> = {
  [Code.Unavailable]: "ERR_DISCONNECTED",
  [Code.Canceled]: "ECANCELED",
  [Code.DeadlineExceeded]: "ETIMEDOUT",
  [Code.InvalidArgument]: "ERR_INVALID_REQUEST",
  [Code.PermissionDenied]: "ERR_POLICY",
  [Code.ResourceExhausted]: "ERR_SLOW_WATCHER",
  [Code.Unimplemented]: "ERR_UNIMPLEMENTED",
};

/** Bytes of the largest request. Without a limit any caller could take the daemon's memory. */
export const LONGEST_REQUEST = 32 << 20;
/** Bytes of the largest answer: a list of some 100,000 punts. */
export const LONGEST_ANSWER = 512 << 20;

/** Returns what a handler throws for it. */
export function errorToWire(error: PuntError): ConnectError {
  const { op, code, message } = error;
  const status = STATUS[code.replace(/^ERR_/, "")] ?? Code.FailedPrecondition;
  const details = detailsToWire(error.details);
  return new ConnectError(message, status, undefined, [
    { desc: ErrorDetailSchema, value: { op, code, message, details } },
  ]);
}

/** Returns an error's details as JSON, which has no word for a bigint. */
export function detailsToWire(details: ErrorDetails): JsonObject {
  return JSON.parse(JSON.stringify(details, (_, part) => (typeof part === "bigint" ? String(part) : part)));
}

/** Returns what the in-process manager would have thrown; `op` is for an error that says no operation of its own. */
export function errorFromWire(error: unknown, op: string): PuntError {
  if (error instanceof PuntError) return error;
  const failed = ConnectError.from(error);
  const [detail] = failed.findDetails(ErrorDetailSchema);
  if (detail) return errorOf(detail, detail.op);
  if (failed.code === Code.ResourceExhausted && failed.rawMessage.includes(`readMaxBytes ${LONGEST_ANSWER}`)) {
    const text = `the daemon's answer has more than ${LONGEST_ANSWER >> 20} MiB: ask for the punts of one CNF`;
    return new PuntError(op, "ERR_ANSWER_SIZE", text, { longest: LONGEST_ANSWER }, failed.cause);
  }
  if (
    failed.code === Code.ResourceExhausted &&
    /MaxBytes|^the (caller's )?requests? .*ha(s|ve) more than/.test(failed.rawMessage)
  ) {
    const most = `${LONGEST_REQUEST >> 20} MiB and ${MOST_PARTS} parts, and ${LONGEST_REQUEST >> 19} MiB at a time`;
    const text = `a daemon takes requests of at most ${most}: apply the punts in several calls`;
    return new PuntError(op, "ERR_REQUEST_SIZE", text, { longest: LONGEST_REQUEST }, failed.cause);
  }
  const text = failed.code === Code.Unimplemented ? earlierText(failed) : failed.rawMessage;
  return new PuntError(op, CODES[failed.code] ?? "ERR_DAEMON", `the daemon: ${text}`, {}, failed.cause);
}

/** Returns why a daemon does not know a call. The first daemons do not tell their version. */
function earlierText({ rawMessage }: ConnectError): string {
  const told = rawMessage.startsWith("HTTP ") ? "its version does not know the call" : rawMessage;
  return `${told}: it is earlier than this program, which is version ${packageVersion()}; upgrade the daemon`;
}

interface WireError {
  readonly code: string;
  readonly message: string;
  readonly details?: JsonObject | undefined;
}

/** Returns the error of a punt that Apply could not add, update or delete. */
export function failureFromWire(failure: WireError): PuntError {
  return errorOf(failure, /^[\w.]+(?=: )/.exec(failure.message)?.[0] ?? "punt.apply");
}

function errorOf({ code, message, details = {} }: WireError, op: string): PuntError {
  return new PuntError(op, code, messageOf({ op, message }), details as Record<string, unknown>);
}
