// IP protocols: numbers in requests, names in `vl_api_ip_proto_t` as the codec decodes it.
import { IP_PROTO_NUMBERS } from "../../binapi/index.js";

/** Returns the number of a decoded protocol: the codec gives a name if the enum has one, otherwise the number. */
export function protocolNumber(decoded: string | number): number {
  return typeof decoded === "number" ? decoded : IP_PROTO_NUMBERS[decoded]!;
}
