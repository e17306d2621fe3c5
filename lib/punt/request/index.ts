// Requests: one punt or a file of punts, and their checks.

export { type AclRule, familyOfProtocol } from "./acl-rule.js";
export type { Dependency } from "./dependency.js";
export { LEAST_MTU, LONGEST_MTU } from "./fields.js";
export { decodeText, readText } from "./file-text.js";
export { noSuchPunt, puntExists } from "./no-such-punt.js";
export {
  addRequestSchema,
  commonFields,
  fileJsonSchema,
  hasField,
  type InterconnectType,
  idKey,
  idOf,
  idText,
  isSameRequest,
  knownRequest,
  PUNT_TYPES,
  type PuntId,
  type PuntIdInput,
  type PuntRequest,
  type PuntRequestInput,
  type PuntType,
  parseCnf,
  parseId,
  parseRequest,
  parseTaken,
  requestJsonSchema,
  type TypeSchema,
} from "./request.js";
export { type FileProblem, loadRequests, parsePathlessRequests, parseRequests } from "./request-file.js";
export { checkSet, type PuntSet, parseSet, requireOneCnf, withCnf } from "./set.js";
export {
  expanded,
  lacksSocketPath,
  type PathlessRequest,
  type PathlessRequestInput,
  parsePathless,
  type UdpPunt,
} from "./short-forms.js";
export type {
  AbxRequest,
  DhcpProxyRequest,
  HairpinRequest,
  HairpinXconnectRequest,
  IsisxRequest,
  NetnsRef,
  PuntToSocketRequest,
  SpanRequest,
} from "./type-schemas.js";
