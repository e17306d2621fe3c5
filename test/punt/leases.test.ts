// The address that VPP's DHCP client has leased is the client's: the manager neither removes it nor takes it for one of the request.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { formatMac } from "../../lib/net/index.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import type { EmbeddedVpp } from "../../lib/sim/index.js";
import { BROADCAST, dhcp, frame, ip, parseIp, udpPacket } from "../support/frames.js";
import { addressesOf } from "../support/punt/layer3.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const LEASED = "10.77.0.50";

function hairpin(ipAddresses: string[]): PuntRequestInput {
  const hairpinInterface = { name: "inner", withDhcpClient: true, ipAddresses };
  return { cnf: "a", type: "HAIRPIN", interconnect: "TAP", vppInterface: "if0", hairpinInterface };
}

/** A DHCP server behind the TAP. */
function serve(vpp: EmbeddedVpp): void {
  const host = vpp.host("inner", "");
  const options: [number, Buffer][] = [
    [54, ip("10.77.0.254")],
    [1, ip("255.255.255.0")],
    [51, Buffer.from([0, 0, 255, 255])],
  ];
  host.on("packet", (bytes) => {
    const packet = Buffer.from(bytes);
    if (packet.readUInt16BE(12) !== 0x0800) return;
    const { payload } = parseIp(packet);
    if (payload.readUInt16BE(2) !== 67) return;
    const question = payload.subarray(8);
    const type = question[242] === 1 ? 2 : 5;
    const client = { clientMac: formatMac(packet, 6), xid: question.readUInt32BE(4), yiaddr: LEASED };
    const answer = dhcp({ type, ...client, isReply: true, options });
    const ends = { from: "10.77.0.254", to: "255.255.255.255" };
    host.send(frame({ from: "02:aa:00:00:00:99", to: BROADCAST }, udpPacket(ends, [67, 68], answer)));
  });
}

test("a leased address stays, and the addresses of the request come and go beside it", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.add(hairpin([]), { waitFor: "CREATED" });
  serve(it.vpp);
  const addresses = async () => (await addressesOf(it.client, "inner")).sort();
  while ((await addresses()).length === 0) await sleep(10);
  for (const given of [[], ["10.78.0.1/24", "10.79.0.1/24"], ["10.78.0.1/24"], []]) {
    await it.manager.update(hairpin(given), { waitFor: "CREATED" });
    await it.manager.resync();
    t.deepEqual(await addresses(), [`${LEASED}/24`, ...given]);
  }
});
