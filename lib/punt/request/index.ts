// Requests: one punt or a file of punts, and their checks.

export { type AclRule, familyOfProtocol } from "./acl-rule.js";
export type { Dependency } from "./dependency.js";
export { decodeText, readText } from "./file-text.js";
export { noSuchPunt } from "./no-such-punt.js";
export {
  type AbxRequest,
  addRequestSchema,
  commonFields,
  type DhcpProxyRequest,
  fileJsonSchema,
  type HairpinRequest,
  type HairpinXconnectRequest,
  hasField,
  type InterconnectType,
  type IsisxRequest,
  idKey,
  idOf,
  idText,
  type NetnsRef,
  PUNT_TYPES,
  type PuntId,
  type PuntIdInput,
  type PuntRequest,
  type PuntRequestInput,
  type PuntToSocketRequest,
  type PuntType,
  parseCnf,
  parseId,
  parseRequest,
  requestJsonSchema,
  type SpanRequest,
  type TypeSchema,
} from "./request.js";
export { type FileProblem, loadRequests, parseRequests } from "./request-file.js";
export { checkSet, type PuntSet, parseSet, requireOneCnf, withCnf } from "./set.js";
export { lacksSocketPath, type PathlessRequestInput, socketPathIn, udpRequest } from "./socket-path.js";
