import { type PuntTarget, puntSocketPart, puntTargetKey } from "../items/index.js";
import type { PuntToSocketRequest } from "../request/index.js";
import type { TypeHandler } from "./handler.js";

/** Packets of one kind, received through any interface, to a datagram socket. */
export const puntToSocket: TypeHandler<PuntToSocketRequest> = {
  multiplexes: false,

  needs: (request) => [
    { vppSelector: `vpp/punt-to-socket/${selectorOf(request)}`, link: { form: "socket", path: request.socketPath } },
  ],

  // VPP's key of an L4 punt is family and port, without the protocol: UDP port N and ICMPv6 type N are one entry to it.
  claim: (request) => `vpp/${puntTargetKey(targetOf(request))}`,

  missing(request, facts) {
    const reason = request.exception?.reason;
    if (reason === undefined || facts.puntReasons.has(reason)) return [];
    return [{ kind: "punt-reason", name: reason, text: `punt reason ${reason} in VPP` }];
  },

  items: (request) => [puntSocketPart(targetOf(request), request.socketPath)],
};

function selectorOf({ toHost, ipProto, exception }: PuntToSocketRequest): string {
  if (toHost) return `to-host/${toHost.af}/${toHost.protocol}/${toHost.port}`;
  if (ipProto) return `ip-proto/${ipProto.af}/${ipProto.protocol}`;
  return `exception/${exception!.reason}`;
}

function targetOf({ toHost, ipProto, exception }: PuntToSocketRequest): PuntTarget {
  if (toHost)
    return {
      type: "l4",
      af: toHost.af,
      protocol: toHost.protocol === "UDP" ? "IP_API_PROTO_UDP" : "IP_API_PROTO_ICMP6",
      port: toHost.port,
    };
  if (ipProto) return { type: "ip-proto", af: ipProto.af, protocol: ipProto.protocol };
  return { type: "exception", reason: exception!.reason };
}
