// Damaged requests and packets in the embedded VPP.
import test from "ava";
import fc from "fast-check";
import { arp, echoRequest, frame, isis, neighborSolicitation, udpPacket } from "../support/frames.js";
import { ApiClient } from "../support/vpp/api-client.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const toVpp = { from: MAC.host0, to: MAC.eth0 };

test("damaged requests are dropped or answered; the client stays, and VPP too", async (t) => {
  const sim = await SimTest.start(t);
  const samples = [
    sim.api.encode("create_loopback", { mac_address: "00:00:00:00:00:00" }),
    sim.api.encode("acl_add_replace", { acl_index: 0xffffffff, tag: "x", r: [] }),
    sim.api.encode("cli_inband", { cmd: "show errors" }),
    sim.api.encode("sw_interface_dump", { sw_if_index: 1, name_filter_valid: true, name_filter: "x" }),
    sim.api.encode("sw_interface_add_del_address", {
      sw_if_index: 1,
      is_add: true,
      del_all: false,
      prefix: "10.0.0.1/24",
    }),
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...samples), fc.nat(), fc.nat(255), fc.nat(80), async (sample, at, value, cut) => {
      const bytes = Uint8Array.from(sample);
      bytes[2 + (at % (bytes.length - 2))] = value;
      sim.api.sendBytes(bytes.subarray(0, Math.max(0, bytes.length - cut)));
      return (await sim.api.call("control_ping")).retval === 0;
    }),
    { numRuns: 300 },
  );
  t.false(sim.api.closed);
});

test("an unknown message is ignored, a frame of an impossible length ends its client, others stay", async (t) => {
  const sim = await SimTest.start(t);
  sim.api.sendBytes(Buffer.from([0xff, 0xff, 0, 0, 0, 0]));
  sim.api.sendBytes(Buffer.from([1]));
  sim.api.sendBytes(Buffer.alloc(0));
  await sim.ok("control_ping");
  const other = await ApiClient.connect(sim.vpp.apiSocket);
  const closed = new Promise((resolve) => other.socket.once("close", resolve));
  const header = Buffer.alloc(16);
  header.writeUInt32BE(0xffffffff, 8);
  other.socket.write(header);
  await closed;
  await sim.ok("control_ping");
});

test("requests cut into single bytes, or many in one piece, are all answered in order", async (t) => {
  const sim = await SimTest.start(t);
  const ping = sim.api.encode("control_ping");
  const header = Buffer.alloc(16);
  header.writeUInt32BE(ping.length, 8);
  sim.api.socket.setNoDelay(true);
  for (const byte of Buffer.concat([header, ping])) sim.api.socket.write(Uint8Array.of(byte));
  const pings = Array.from({ length: 500 }, () => sim.api.call("control_ping"));
  t.true((await Promise.all(pings)).every(({ retval }) => retval === 0));
});

test("damaged and random frames never do more than count", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24", "fd00::1/64");
  await sim.ok("dhcp_proxy_config", {
    rx_vrf_id: 0,
    server_vrf_id: 0,
    is_add: true,
    dhcp_server: "10.0.0.9",
    dhcp_src_address: "10.0.0.1",
  });
  const samples = [
    arp(1, [MAC.host0, "10.0.0.2"], ["00:00:00:00:00:00", "10.0.0.1"]),
    frame(toVpp, echoRequest({ from: "10.0.0.2", to: "10.0.0.1" })),
    frame(toVpp, echoRequest({ from: "fd00::2", to: "fd00::1" })),
    frame(toVpp, neighborSolicitation({ from: "fd00::2", to: "fd00::1" }, "fd00::1", MAC.host0)),
    frame(toVpp, udpPacket({ from: "10.0.0.2", to: "255.255.255.255" }, [68, 67], Buffer.alloc(300))),
    isis(MAC.host0),
  ];
  const wire = sim.vpp.interface("eth0");
  fc.assert(
    fc.property(fc.constantFrom(...samples), fc.nat(), fc.nat(255), fc.nat(60), (sample, at, value, cut) => {
      const bytes = Uint8Array.from(sample);
      bytes[at % bytes.length] = value;
      wire.inject(bytes.subarray(0, Math.max(1, bytes.length - cut)));
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => wire.inject(bytes)),
    { numRuns: 1000 },
  );
  t.is(sim.through("eth0", samples[1]!).length, 1, "it still answers");
});
