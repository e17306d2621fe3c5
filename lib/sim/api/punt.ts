// punt.api: punt sockets, punt reasons and set_punt.
import { IP_PROTO_NUMBERS } from "../../binapi/index.js";
import { isProtocolOfVpp } from "../../net/index.js";
import type { DataPlane, PuntRegistration } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import { type ApiContext, enumNumber } from "./context.js";

interface ApiPunt {
  type: string | number;
  punt: {
    l4?: { af: string; protocol: string | number; port: number };
    ip_proto?: { af: string; protocol: string | number };
    exception?: { id: number };
  };
}

const KINDS: Readonly<Record<string, PuntRegistration["kind"]>> = {
  PUNT_API_TYPE_L4: "l4",
  PUNT_API_TYPE_IP_PROTO: "ip-proto",
  PUNT_API_TYPE_EXCEPTION: "exception",
};

/** punt.api. */
export function registerPunt(context: ApiContext): void {
  registerSockets(context);
  const { registry, dp } = context;
  registry.dump<{ reason: { name: string } }>("punt_reason_dump", function* ({ reason }) {
    for (const { id, name } of dp.punt.reasons) {
      if (reason.name === "" || reason.name === name) yield { reason: { id, name } };
    }
  });
  registry.reply<{ is_add: boolean; punt: ApiPunt }>("set_punt", ({ is_add, punt }) => {
    const registration = decodePunt(punt, dp);
    if (registration.kind === "ip-proto") throw new VnetError("UNSPECIFIED", "Unsupported punt type: 1");
    if (registration.kind === "exception") dp.punt.addDelException(registration.reason, is_add);
    else dp.punt.addDelL4(registration.family, registration.protocol, registration.port, is_add);
  });
}

function registerSockets({ registry, dp, log }: ApiContext) {
  // A type or a reason that VPP does not know gets no reply at all: it returns from the handler without one.
  registry.silentOnError<{ header_version: number; punt: ApiPunt; pathname: string }>(
    "punt_socket_register",
    ({ header_version, punt, pathname }) => {
      const path = dp.puntSocket.transport?.path ?? "";
      const registration = decodePunt(punt, dp);
      try {
        dp.puntSocket.register(registration, pathname, header_version);
      } catch (error) {
        if (!(error instanceof VnetError)) throw error;
        log.write(`punt_socket_register: ${error.message}`);
        // Refused or not, VPP tells where its own socket is.
        return { retval: error.retval, pathname: path };
      }
      return { pathname: path };
    },
  );
  registry.reply<{ punt: ApiPunt }>("punt_socket_deregister", ({ punt }) =>
    dp.puntSocket.deregister(decodePunt(punt, dp)),
  );
  registry.dump<{ type: string | number }>("punt_socket_dump", function* ({ type }) {
    const kind = KINDS[type];
    if (kind === undefined) return;
    for (const { registration, path } of dp.puntSocket.list(kind)) {
      yield { punt: encodePunt(registration), pathname: path };
    }
  });
}

function decodePunt({ type, punt }: ApiPunt, dp: DataPlane): PuntRegistration {
  const kind = KINDS[type];
  if (kind === "l4" && punt.l4 !== undefined) {
    const { af, protocol, port } = punt.l4;
    return { kind, family: familyOf(af), protocol: enumNumber(protocol, IP_PROTO_NUMBERS), port };
  }
  if (kind === "ip-proto" && punt.ip_proto !== undefined) {
    const { af } = punt.ip_proto;
    const protocol = enumNumber(punt.ip_proto.protocol, IP_PROTO_NUMBERS);
    if (!isProtocolOfVpp(protocol)) throw new VnetError("INVALID_PROTOCOL", `no protocol ${protocol}`);
    return { kind, family: familyOf(af), protocol };
  }
  if (kind === "exception" && punt.exception !== undefined) {
    dp.punt.checkReason(punt.exception.id);
    return { kind, reason: punt.exception.id };
  }
  throw new VnetError("INVALID_VALUE", `there is no punt type ${type}`);
}

function familyOf(af: string): 4 | 6 {
  return af === "ADDRESS_IP6" ? 6 : 4;
}

function encodePunt(registration: PuntRegistration): ApiPunt {
  if (registration.kind === "exception") {
    return { type: "PUNT_API_TYPE_EXCEPTION", punt: { exception: { id: registration.reason } } };
  }
  const af = registration.family === 6 ? "ADDRESS_IP6" : "ADDRESS_IP4";
  const { protocol } = registration;
  if (registration.kind === "ip-proto") return { type: "PUNT_API_TYPE_IP_PROTO", punt: { ip_proto: { af, protocol } } };
  return { type: "PUNT_API_TYPE_L4", punt: { l4: { af, protocol, port: registration.port } } };
}
