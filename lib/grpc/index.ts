// Both ends of gRPC: the handler of requests, limits on what a party sends, connections of callers, and spans.
export {
  connectionOf,
  type GrpcHandler,
  type GrpcRequest,
  grpcHandler,
  type Send,
  sendKey,
  turnKey,
} from "./handler.js";
export { Http2Sessions } from "./http2-sessions.js";
export { MOST_PARTS } from "./request-body.js";
export { answerSpan, callSpan } from "./spans.js";
