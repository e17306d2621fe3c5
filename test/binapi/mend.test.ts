// Corrections of details that VPP sends wrongly: the fields that they set, and the fields that they leave alone.
import test from "ava";
import { mendOf } from "../../lib/binapi/mend.js";

/** Bytes before the message, its fields before the servers, and a server: a number of 4 bytes and an address of 17. */
const [START, FIXED, SERVER] = [3, 170, 21];

/** Which bytes of a dhcp_proxy_details the correction changes, counted from the message's start. */
function changed({
  isIp6,
  servers,
  bytes = FIXED + servers * SERVER,
}: {
  isIp6: number;
  servers: number;
  bytes?: number;
}): number[] {
  const message = new Uint8Array(START + FIXED + 10 * SERVER);
  message[START + 22] = isIp6;
  message[START + 169] = servers;
  const before = message.slice();
  mendOf("dhcp_proxy_details")!({ bytes: message, at: START, end: START + bytes } as never);
  return [...message.keys()].filter((at) => message[at] !== before[at]).map((at) => at - START);
}

test("the source and each server of an IPv6 proxy get the family that VPP leaves out", (t) => {
  t.deepEqual(changed({ isIp6: 1, servers: 0 }), [152]);
  t.deepEqual(changed({ isIp6: 1, servers: 3 }), [152, 174, 195, 216]);
});

test("a proxy of IPv4 and a message that ends early stay as they are", (t) => {
  t.deepEqual(changed({ isIp6: 0, servers: 2 }), []);
  t.deepEqual(changed({ isIp6: 1, servers: 2, bytes: FIXED - 1 }), []);
  t.deepEqual(changed({ isIp6: 1, servers: 2, bytes: FIXED + SERVER + 4 }), [152, 174]);
  t.deepEqual(changed({ isIp6: 1, servers: 2, bytes: FIXED + SERVER + 5 }), [152, 174, 195]);
});

test("other messages have no correction", (t) => {
  for (const name of ["dhcp_proxy_dump", "constructor", ""]) t.is(mendOf(name), undefined);
});
