// The packets that a dump shows of a punt socket.
import test from "ava";
import { openEnds } from "../../lib/dump/index.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { udpPacket } from "../support/frames.js";
import { socketSide } from "../support/module/ends.js";
import { ID, statusOf } from "../support/module/life.js";
import { until } from "../support/until.js";

test("a packet of a tunnel has a header without addresses, and a frame that lacks its first bytes has them", async (t) => {
  const side = socketSide(t);
  const status = { ...statusOf("CREATED"), metadata: { id: ID, interconnects: [side.interconnect] } };
  const macs: Record<string, string> = { gre0: "00:00:00:00:00:00", "eth0.7": "02:ee:00:00:00:01" };
  const seen: string[] = [];
  const ends = openEnds(status as unknown as PuntStatus, {
    interfaces: { nameOf: (index) => Object.keys(macs)[index], find: (name) => ({ mac: macs[name]! }) },
    onPacket: ({ bytes, interface: name }) => void seen.push(`${name} ${Buffer.from(bytes).toString("hex")}`),
    onRefused: (error) => t.fail(String(error)),
  });
  t.teardown(() => ends.close());
  const packet = udpPacket({ from: "10.0.0.9", to: "10.0.0.1" }, [4000, 53]);
  const cut = Buffer.from("0001 02fe00000009 8100 0007 0800".replaceAll(" ", ""), "hex");
  side.vpp.punt(side.path, Buffer.concat([Buffer.alloc(14, 0x2f), packet]), 0);
  side.vpp.punt(side.path, Buffer.concat([cut, packet]), 1);
  await until(() => seen.length === 2);
  const ip = packet.toString("hex");
  t.deepEqual(seen, [`gre0 ${"00".repeat(12)}0800${ip}`, `eth0.7 02ee0000${cut.toString("hex")}${ip}`]);
});
