// Whether VPP punts a received packet to the socket of a punt, and why not.
import { IP_PROTOCOL } from "../../net/index.js";
import type { IpHeaders } from "../../packet/index.js";
import type { Facts } from "../items/index.js";
import type { PuntToSocketRequest } from "../request/index.js";
import { notForVpp, protocolName, type ReceivedFrame, type Taking } from "./taking.js";

type Treatment = Omit<Taking, "stage">;
type Af = "IPV4" | "IPV6";

/** Returns the treatment of a frame. VPP alone knows which packets it gives up for a reason of its own. */
export function socketTaking(request: PuntToSocketRequest, { ip }: ReceivedFrame, facts: Facts): Treatment {
  const { exception } = request;
  if (exception) {
    const known = facts.puntReasons.has(exception.reason) ? "" : ", a reason that this VPP does not have";
    return {
      treatment: "unknown",
      why: `the punt takes packets that VPP gives up with ${exception.reason}${known}: VPP's trace shows it`,
    };
  }
  if (ip === undefined) return { treatment: "passed", why: "the frame is not a whole IP packet" };
  const wrong = kindMismatch(request, ip) ?? notForVpp(ip, facts);
  if (wrong === undefined && ip.isLaterFragment)
    return { treatment: "unknown", why: "VPP puts fragments together first, and looks at the whole packet" };
  return wrong === undefined
    ? { treatment: "taken", why: `the packet is for VPP itself, and the punt has ${wantedText(request)}` }
    : { treatment: "passed", why: wrong };
}

function kindMismatch({ toHost, ipProto }: PuntToSocketRequest, ip: IpHeaders): string | undefined {
  const af = (toHost ?? ipProto)!.af;
  if (af !== "BOTH" && af !== familyName(ip)) return `the punt wants ${af}, and the packet is ${familyName(ip)}`;
  if (ipProto) {
    const isIt = ipProto.protocol === ip.protocol;
    return isIt
      ? undefined
      : `the punt wants ${protocolName(ipProto.protocol)}, and the packet is ${protocolName(ip.protocol)}`;
  }
  const { protocol, port } = toHost!;
  const [number, value, name] =
    protocol === "UDP" ? [IP_PROTOCOL.UDP, ip.ports?.destination, "port"] : [IP_PROTOCOL.ICMPV6, ip.icmp?.type, "type"];
  if (number !== ip.protocol) return `the punt wants ${protocol}, and the packet is ${protocolName(ip.protocol)}`;
  return value === port || ip.isLaterFragment
    ? undefined
    : `the punt wants ${name} ${port}, and the packet has ${value ?? "none"}`;
}

function familyName({ family }: IpHeaders): Af {
  return family === 4 ? "IPV4" : "IPV6";
}

function wantedText({ toHost, ipProto }: PuntToSocketRequest): string {
  if (ipProto) return `${ipProto.af} ${protocolName(ipProto.protocol)}`;
  return `${toHost!.protocol} ${toHost!.protocol === "UDP" ? "port" : "type"} ${toHost!.port}`;
}
