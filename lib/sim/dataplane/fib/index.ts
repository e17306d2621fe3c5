// Forwarding tables for unicast and multicast.
export {
  FIB_SOURCE_IDS,
  FIB_SOURCES,
  FibEntry,
  type FibPath,
  type FibPathKind,
  type FibSource,
  FibTable,
  fibPath,
  samePath,
} from "./fib.js";
export { IpTables } from "./ip-tables.js";
export type { MulticastEntry } from "./mfib.js";
