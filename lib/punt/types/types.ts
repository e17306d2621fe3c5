// The seven punt types by name.
import type { PuntRequest, PuntType } from "../request/index.js";
import { abx } from "./abx.js";
import { dhcpProxy } from "./dhcp-proxy.js";
import { hairpin } from "./hairpin.js";
import { hairpinXconnect } from "./hairpin-xconnect.js";
import type { TypeHandler } from "./handler.js";
import { isisx } from "./isisx.js";
import { puntToSocket } from "./punt-to-socket.js";
import { span } from "./span.js";

const handlers = {
  HAIRPIN_XCONNECT: hairpinXconnect,
  HAIRPIN: hairpin,
  SPAN: span,
  ABX: abx,
  PUNT_TO_SOCKET: puntToSocket,
  DHCP_PROXY: dhcpProxy,
  ISISX: isisx,
} satisfies { [T in PuntType]: TypeHandler<Extract<PuntRequest, { type: T }>> };

/** The discriminant picks the handler of exactly that kind of request, which TypeScript cannot follow through the table. */
export function handlerOf(request: PuntRequest): TypeHandler {
  return handlers[request.type] as unknown as TypeHandler;
}
