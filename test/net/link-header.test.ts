// The headers of punted packets, where VPP sends no whole one: tunnels, and VLANs before VPP 23.06.
import test from "ava";
import { wholeFrame } from "../../lib/net/index.js";
import { ethernet, frame, udpPacket } from "../support/frames.js";

const OWN = "02:ee:00:00:00:01";
const NO_MAC = "00:00:00:00:00:00";
const LINK = { from: "02:aa:00:00:00:01", to: OWN };
const packet = udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [4000, 53], "who?");
const tagged = (link: typeof LINK, type: number, bytes: Buffer, tags = 1) =>
  ethernet(
    link,
    0x8100,
    Buffer.concat([...Array(tags - 1).fill(Buffer.of(0, 9, 0x81, 0)), Buffer.of(0, 7, type >> 8, type & 0xff), bytes]),
  );
/** The interfaces of a VPP in which each has that address. */
const having = (mac: string | undefined) => ({ find: () => (mac === undefined ? undefined : { mac }) });
const bytesOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("whole frames stay as they are, tagged ones too", (t) => {
  for (const whole of [frame(LINK, packet), tagged(LINK, 0x800, packet), Buffer.alloc(10), Buffer.alloc(60)])
    for (const [name, mac] of [
      ["eth0.7", OWN],
      ["eth0", undefined],
      [undefined, undefined],
    ] as const)
      t.deepEqual(wholeFrame(Buffer.from(whole), name, having(mac)), { frame: whole, isMadeUp: false });
  // A sender whose address has the number of a tag.
  const odd = frame({ ...LINK, from: "02:aa:81:00:00:01" }, packet);
  t.deepEqual(wholeFrame(Buffer.from(odd), "eth0", having(OWN)), { frame: odd, isMadeUp: false });
});

test("a packet of a tunnel gets a header without addresses", (t) => {
  for (const [bytes, type] of [
    [packet, "0800"],
    [Buffer.concat([Buffer.of(0x60), Buffer.alloc(39)]), "86dd"],
  ] as const) {
    const { frame: made, isMadeUp } = wholeFrame(
      Buffer.concat([Buffer.alloc(14, 0x45), bytes]),
      "ipip0",
      having(NO_MAC),
    );
    t.is(bytesOf(made), `${"00".repeat(12)}${type}${bytesOf(bytes)}`);
    t.true(isMadeUp);
  }
});

test("a frame of a VLAN that lacks its first bytes gets them back: its own address, the broadcast, or a group", (t) => {
  const ip6 = Buffer.alloc(48);
  ip6[0] = 0x60;
  Buffer.from("ff020000000000000000000000fb0102", "hex").copy(ip6, 24);
  const group4 = udpPacket({ from: "10.0.0.2", to: "224.129.0.251" }, [5353, 5353]);
  const frames = [
    tagged(LINK, 0x800, packet),
    tagged(
      { ...LINK, to: "ff:ff:ff:ff:ff:ff" },
      0x800,
      udpPacket({ from: "0.0.0.0", to: "255.255.255.255" }, [68, 67]),
    ),
    tagged({ ...LINK, to: "01:00:5e:01:00:fb" }, 0x800, group4),
    tagged({ ...LINK, to: "33:33:00:fb:01:02" }, 0x86dd, ip6),
  ];
  for (const whole of frames)
    t.deepEqual(wholeFrame(Buffer.from(whole.subarray(4)), "eth0.7", having(OWN)), {
      frame: Uint8Array.from(whole),
      isMadeUp: false,
    });
});

test("of a frame with two tags the addresses are lost", (t) => {
  const cut = tagged(LINK, 0x800, packet, 2).subarray(8);
  const made = { frame: frame({ from: NO_MAC, to: NO_MAC }, packet), isMadeUp: true };
  t.deepEqual(wholeFrame(Buffer.from(cut), "eth0.7", having(OWN)), made);
  // The interface is not known yet.
  t.deepEqual(wholeFrame(Buffer.from(tagged(LINK, 0x800, packet).subarray(4)), "eth0.7", having(undefined)), made);
});
