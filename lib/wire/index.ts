// The daemon's contract, vpp_punt.v1, as code: its messages, and what turns them into the library's own forms and back.

export {
  type AttachAnswer,
  type AttachQuestion,
  decodeAnswer,
  decodeQuestion,
  encodeAttach,
  endKey,
  type HandedEnd,
  isKnownEnd,
} from "./attach.js";
export { changeToBinary, changeToWire } from "./change.js";
export { countersFromWire, countersToWire } from "./counters.js";
export {
  detailsToWire,
  errorFromWire,
  errorToWire,
  failureFromWire,
  LONGEST_ANSWER,
  LONGEST_REQUEST,
} from "./errors.js";
export {
  file_grpc_health_v1_health,
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "./gen/grpc/health/v1/health_pb.js";
export {
  file_grpc_reflection_v1_reflection,
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "./gen/grpc/reflection/v1/reflection_pb.js";
export * from "./gen/vpp_punt/v1/counters_pb.js";
export * from "./gen/vpp_punt/v1/punts_pb.js";
export type { PuntStatus as WireStatus } from "./gen/vpp_punt/v1/status_pb.js";
export { idFromWire, idToWire, requestFromWire, requestToWire } from "./request.js";
export { stateFromWire, stateToWire, statusFromWire, statusToWire } from "./status.js";
