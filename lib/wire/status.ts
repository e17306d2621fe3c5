// The status of a punt and a plan in the daemon's contract, and back.
import { create, fromJson, type JsonObject, type JsonValue, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { PuntError } from "../errors.js";
import {
  type Attachment,
  type InterconnectMetadata,
  knownRequest,
  type PuntState,
  type PuntStatus,
} from "../punt/index.js";
import {
  PuntRequest_Interconnect,
  PuntRequest_Type,
  PuntRequestSchema as WireRequestSchema,
} from "./gen/vpp_punt/v1/request_pb.js";
import {
  type AttachmentSchema as WireAttachmentSchema,
  PuntState as WireState,
  type PuntStatus as WireStatus,
  PuntStatusSchema as WireStatusSchema,
} from "./gen/vpp_punt/v1/status_pb.js";
import { idFromWire, idToWire, jsonOfRequest, requestFromWire } from "./request.js";

type Fields = Record<string, unknown>;

type AttachmentCase = Extract<MessageInitShape<typeof WireAttachmentSchema>["kind"], { value: unknown }>;

/** The word for what a later daemon tells and this version does not know. */
const UNKNOWN = "UNKNOWN" as never;

const CASES = { memif: "memif", "af-unix": "afUnix", tap: "tap" } as const;

/** Returns the status as the contract has it. */
export function statusToWire({ id, request, state, missing, reasons, failure, metadata }: PuntStatus): WireStatus {
  return create(WireStatusSchema, {
    id: idToWire(id),
    request: fromJson(WireRequestSchema, plain(jsonOfRequest(request)), { ignoreUnknownFields: true }),
    ...{ state: stateToWire(state), missing: [...missing], reasons: [...reasons] },
    ...(failure && { failure: { ...failure, nextTry: timestampFromDate(failure.nextTry) } }),
    metadata: {
      id: idToWire(metadata.id),
      type: PuntRequest_Type[metadata.type],
      interconnects: metadata.interconnects.map(interconnectToWire),
      caveats: [...metadata.caveats],
    },
  });
}

function interconnectToWire({ type, vppInterface, cnfInterface, attachment, ...more }: InterconnectMetadata) {
  return {
    ...more,
    type: PuntRequest_Interconnect[type],
    ...(vppInterface && { vppInterface: { ...vppInterface, addresses: [...vppInterface.addresses] } }),
    ...(cnfInterface && { cnfInterface: { ...cnfInterface, addresses: [...cnfInterface.addresses] } }),
    attachment: { kind: attachmentToWire(attachment) },
  };
}

function attachmentToWire({ kind, ...value }: Attachment) {
  return { case: CASES[kind], value } as AttachmentCase;
}

/** Returns a copy without undefined values, which the JSON form has no word for. */
function plain(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value as JsonValue;
  const fields: JsonObject = {};
  for (const name of Object.keys(value)) {
    const field = (value as Fields)[name];
    if (field !== undefined) fields[name] = plain(field);
  }
  return fields;
}

/**
 * Returns a status of the contract as the in-process manager has it. A later daemon's state is `UNKNOWN`, a request that this version does not
 * know has the punt's name in place of it, and interconnects of which this version does not know one are left out.
 *
 * @throws PuntError ERR_PROTOCOL: a part is missing that every status has
 */
export function statusFromWire(status: WireStatus | undefined): PuntStatus {
  if (!isWhole(status)) throw new PuntError("punt.status", "ERR_PROTOCOL", "the daemon sent a part of a punt's status");
  const json = toJson(WireStatusSchema, status, { alwaysEmitImplicit: true }) as unknown as Fields;
  const metadata = json.metadata as Fields & { interconnects: Fields[] };
  const isKnown = metadata.interconnects.every(isKnownInterconnect);
  const failure = json.failure as Fields | undefined;
  return {
    ...json,
    state: stateFromWire(status.state) ?? UNKNOWN,
    request: knownRequest({ ...idFromWire(status.id), ...requestFromWire(status.request) }),
    ...(failure && { failure: { ...failure, nextTry: new Date(String(failure.nextTry)) } }),
    metadata: {
      ...metadata,
      type: status.metadata!.type === 0 ? UNKNOWN : (PuntRequest_Type[status.metadata!.type] ?? UNKNOWN),
      interconnects: (isKnown ? metadata.interconnects : []).map((each) => ({
        ...each,
        attachment: attachmentFromWire(each.attachment),
      })),
    },
  } as unknown as PuntStatus;
}

function isWhole(status: WireStatus | undefined): status is WireStatus {
  return status?.id !== undefined && status.metadata?.id !== undefined;
}

function isKnownInterconnect({ type, attachment }: Fields): boolean {
  const isType = typeof type === "string" && type in PuntRequest_Interconnect;
  return isType && Object.keys(Object(attachment)).length === 1;
}

function attachmentFromWire(attachment: unknown): Fields {
  const [[kind, fields]] = Object.entries(attachment as JsonObject) as [[string, JsonValue]];
  if (kind !== "afUnix") return { kind, ...(fields as Fields) };
  const { path, vppPath } = fields as Fields;
  return { kind: "af-unix", path, ...(vppPath !== "" && { vppPath }) };
}

/** Returns the name of a state; undefined for "not set", and `UNKNOWN` for a state of a later daemon. */
export function stateFromWire(state: WireState): PuntState | undefined {
  if (state === WireState.PUNT_STATE_UNSPECIFIED) return undefined;
  return (WireState[state] as PuntState | undefined) ?? UNKNOWN;
}

/** Returns the number of a state in the contract; "not set" for a state of a later daemon, as etcd may have one. */
export function stateToWire(state: PuntState | undefined): WireState {
  return WireState[state as keyof typeof WireState] ?? WireState.PUNT_STATE_UNSPECIFIED;
}
