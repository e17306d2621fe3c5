// Answers for an end without a kernel: ARP, neighbor discovery, ping.
export type { AnswerKind } from "./answers.js";
export {
  type AnswerOptions,
  checkAnswerOptions,
  Responder,
  type ResponderAddresses,
  type ResponderOptions,
  type ResponderStats,
} from "./responder.js";
