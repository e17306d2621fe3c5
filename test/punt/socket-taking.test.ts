// Whether VPP punts a packet to the socket of a punt, where that is not plain.
import test from "ava";
import type { IpHeaders } from "../../lib/packet/index.js";
import type { Facts } from "../../lib/punt/items/index.js";
import { parseRequest } from "../../lib/punt/request/request.js";
import { socketTaking } from "../../lib/punt/types/socket-taking.js";

const FACTS = { interfaces: [{ addresses: ["10.0.0.1/24"] }] } as unknown as Facts;
const PART: IpHeaders = {
  family: 4,
  at: 14,
  source: "10.0.0.9",
  destination: "10.0.0.1",
  protocol: 17,
  isLaterFragment: true,
};

function treatmentOf(target: object, ip: IpHeaders): string {
  const request = parseRequest({ type: "PUNT_TO_SOCKET", cnf: "a", socketPath: "/run/a.sock", ...target });
  if (request.type !== "PUNT_TO_SOCKET") throw new Error("another type came back");
  return socketTaking(request, { ip } as never, FACTS).treatment;
}

test("a fragment after the first does not show its port; its protocol, address and family count", (t) => {
  const dns = { toHost: { af: "IPV4", protocol: "UDP", port: 53 } };
  t.is(treatmentOf(dns, PART), "unknown");
  t.is(treatmentOf(dns, { ...PART, protocol: 6 }), "passed");
  t.is(treatmentOf(dns, { ...PART, destination: "10.0.0.2" }), "passed");
  t.is(treatmentOf({ toHost: { ...dns.toHost, af: "IPV6" } }, PART), "passed");
  t.is(treatmentOf({ ipProto: { af: "IPV4", protocol: "OSPF" } }, { ...PART, protocol: 89 }), "unknown");
});
