// DHCP in the embedded VPP: proxies and client.
import test from "ava";
import { arp, BROADCAST, dhcp, frame, ip, mac, parseIp, transportChecksum, udpPacket } from "../support/frames.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const CLIENT = "02:cc:00:00:00:01";
const fromClient = { from: CLIENT, to: BROADCAST };
const discover = frame(
  fromClient,
  udpPacket({ from: "0.0.0.0", to: "255.255.255.255" }, [68, 67], dhcp({ type: 1, clientMac: CLIENT })),
);

const proxy = (sim: SimTest, fields: object = {}) =>
  sim.retval("dhcp_proxy_config", {
    rx_vrf_id: 0,
    server_vrf_id: 0,
    is_add: true,
    dhcp_server: "10.1.0.2",
    dhcp_src_address: "10.1.0.1",
    ...fields,
  });

async function relay(t: Parameters<typeof SimTest.start>[0]): Promise<SimTest> {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24", "fd00::1/64");
  await sim.up("eth1", "10.1.0.1/24", "fd01::1/64");
  sim.through("eth1", arp(1, [MAC.host1, "10.1.0.2"], ["00:00:00:00:00:00", "10.1.0.1"]));
  await sim.ok("ip_neighbor_add_del", {
    is_add: true,
    neighbor: { sw_if_index: 2, flags: [], mac_address: MAC.host1, ip_address: "fd01::2" },
  });
  return sim;
}

test("DHCP proxy: to the server with option 82 and the relay's address, and back as a broadcast", async (t) => {
  const sim = await relay(t);
  t.is(sim.through("eth0", discover, "eth1").length, 0);
  t.is(await proxy(sim), 0);
  t.is(await proxy(sim), 0, "the same again");
  const [relayed, ...more] = sim.through("eth0", discover, "eth1");
  t.is(more.length, 0);
  const seen = parseIp(relayed!);
  t.deepEqual(seen.source, ip("10.1.0.1"));
  t.deepEqual(seen.destination, ip("10.1.0.2"));
  t.is(seen.headerChecksum, 0);
  const message = seen.payload.subarray(8);
  t.deepEqual(message.subarray(24, 28), ip("10.1.0.1"), "giaddr");
  const option82 = Buffer.from([82, 12, 1, 4, 0, 0, 0, 1, 5, 4, 10, 0, 0, 1]);
  t.deepEqual(message.subarray(message.length - 15), Buffer.concat([option82, Buffer.from([255])]));
  t.is(seen.payload.readUInt16BE(4), seen.payload.length, "UDP length");

  const answer = dhcp({
    type: 2,
    clientMac: CLIENT,
    yiaddr: "10.0.0.50",
    giaddr: "10.1.0.1",
    isReply: true,
    options: [[82, option82.subarray(2)]],
  });
  const offer = frame(
    { from: MAC.host1, to: MAC.eth1 },
    udpPacket({ from: "10.1.0.2", to: "10.1.0.1" }, [67, 67], answer),
  );
  const [toClient] = sim.through("eth1", offer, "eth0");
  const back = parseIp(toClient!);
  t.is(back.to, "ffffffffffff");
  t.is(back.from, mac(MAC.eth0).toString("hex"));
  t.deepEqual(back.source, ip("10.0.0.1"));
  t.deepEqual(back.destination, ip("255.255.255.255"));
  t.is(back.payload.readUInt16BE(2), 68);
  t.deepEqual(back.payload.subarray(8), answer);
  t.is(back.headerChecksum, 0);

  const stranger = frame(
    { from: MAC.host1, to: MAC.eth1 },
    udpPacket({ from: "10.1.0.3", to: "10.1.0.1" }, [67, 67], answer),
  );
  t.is(sim.through("eth1", stranger, "eth0").length, 0);
});

test("a DHCP proxy is dumped, refused and removed as in VPP, and creates its tables", async (t) => {
  const sim = await relay(t);
  t.is(await proxy(sim, { dhcp_server: "0.0.0.0" }), -58);
  t.is(await proxy(sim, { dhcp_src_address: "0.0.0.0" }), -57);
  t.is(await proxy(sim, { dhcp_src_address: "fd01::1" }), -73);
  t.is(await proxy(sim, { rx_vrf_id: 7 }), 0);
  const tables = async () =>
    (await sim.api.dump("ip_table_dump")).map(({ table }) => (table as { table_id: number }).table_id);
  t.true((await tables()).includes(7));
  const [details] = await sim.api.dump("dhcp_proxy_dump", { is_ip6: false });
  t.like(details, { rx_vrf_id: 7, dhcp_src_address: "10.1.0.1", is_ipv6: false });
  t.deepEqual(details!.servers, [{ server_vrf_id: 0, dhcp_server: "10.1.0.2" }]);
  t.is(await proxy(sim, { rx_vrf_id: 7, is_add: false }), 0);
  t.is(await proxy(sim, { rx_vrf_id: 7, is_add: false }), 0);
  t.deepEqual(await sim.api.dump("dhcp_proxy_dump", { is_ip6: false }), []);
  t.false((await tables()).includes(7));
});

test("DHCPv6 proxy: RELAY-FORW with interface id and link-layer address, and back out of RELAY-REPL", async (t) => {
  const sim = await relay(t);
  t.is(await proxy(sim, { dhcp_server: "fd01::2", dhcp_src_address: "fd01::1" }), 0);
  const solicit = Buffer.from("01abcdef0001000a00030001" + "02cc00000001", "hex");
  const ends = { from: "fe80::cc", to: "ff02::1:2" };
  const [relayed] = sim.through(
    "eth0",
    frame({ from: CLIENT, to: "33:33:00:01:00:02" }, udpPacket(ends, [546, 547], solicit)),
    "eth1",
  );
  const seen = parseIp(relayed!);
  t.deepEqual(seen.source, ip("fd01::1"));
  t.is(transportChecksum(relayed!), 0);
  const message = seen.payload.subarray(8);
  const option = (code: number, data: Buffer) => Buffer.concat([Buffer.from([0, code, 0, data.length]), data]);
  const expected = Buffer.concat([
    Buffer.from([12, 0]),
    ip("fd00::1"),
    ip("fe80::cc"),
    option(9, solicit),
    option(18, Buffer.from([0, 0, 0, 1])),
    option(79, Buffer.concat([Buffer.from([0, 1]), mac(CLIENT)])),
  ]);
  t.deepEqual(message, expected);
  const advertise = Buffer.from("02abcdef", "hex");
  const options = [option(18, Buffer.from([0, 0, 0, 1])), option(9, advertise)];
  const answer = (...inside: Buffer[]) =>
    frame(
      { from: MAC.host1, to: MAC.eth1 },
      udpPacket(
        { from: "fd01::2", to: "fd01::1" },
        [547, 547],
        Buffer.concat([Buffer.from([13, 0]), ip("fd00::1"), ip("fe80::cc"), ...inside]),
      ),
    );
  t.deepEqual(sim.through("eth1", answer(...options.toReversed()), "eth0"), []);
  const [toClient] = sim.through("eth1", answer(...options), "eth0");
  const back = parseIp(toClient!);
  t.deepEqual(back.destination, ip("fe80::cc"));
  t.deepEqual(back.payload.subarray(8), advertise);
  t.is(transportChecksum(toClient!), 0);
});

test("DHCP client: asks, takes what is offered, has the address and the route, and gives them back", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0");
  const wire = sim.vpp.interface("eth0");
  wire.transmitted();
  const client = {
    sw_if_index: 1,
    hostname: "embedded",
    id: Buffer.concat([Buffer.from("id"), Buffer.alloc(62)]),
    want_dhcp_event: true,
    set_broadcast_flag: true,
    dscp: 0,
    pid: 5,
  };
  await sim.ok("dhcp_client_config", { is_add: true, client });
  t.is(await sim.retval("dhcp_client_config", { is_add: true, client }), -7);
  const [asked] = wire.transmitted();
  const question = parseIp(asked!).payload.subarray(8);
  t.is(question[242], 1, "DISCOVER");
  t.is(transportChecksum(asked!) === 0 || parseIp(asked!).payload.readUInt16BE(6) === 0, true);
  const answer = (type: number) => {
    const options: [number, Buffer][] = [
      [54, ip("10.0.0.254")],
      [1, ip("255.255.255.0")],
      [3, ip("10.0.0.254")],
      [6, Buffer.concat([ip("10.0.0.53"), ip("10.0.0.54")])],
      [51, Buffer.from([0, 0, 255, 255])],
    ];
    const message = dhcp({
      type,
      xid: question.readUInt32BE(4),
      clientMac: MAC.eth0,
      yiaddr: "10.0.0.50",
      isReply: true,
      options,
    });
    const packet = udpPacket({ from: "10.0.0.254", to: "255.255.255.255" }, [67, 68], message);
    return frame({ from: MAC.host0, to: BROADCAST }, packet);
  };
  const [request] = sim.through("eth0", answer(2));
  t.is(parseIp(request!).payload[8 + 242], 3, "REQUEST");
  sim.through("eth0", answer(5));
  const [bound] = await sim.api.dump("dhcp_client_dump");
  t.like(bound!.lease as object, {
    state: "DHCP_CLIENT_STATE_API_BOUND",
    host_address: "10.0.0.50",
    mask_width: 24,
    router_address: "10.0.0.254",
  });
  t.deepEqual((bound!.lease as { domain_server: object[] }).domain_server, [
    { address: "10.0.0.53" },
    { address: "10.0.0.54" },
  ]);
  t.is(sim.api.events[0]!.name, "dhcp_compl_event");
  const addresses = () => sim.api.dump("ip_address_dump", { sw_if_index: 1, is_ipv6: false });
  t.deepEqual(await addresses(), [{ sw_if_index: 1, prefix: "10.0.0.50/24" }]);
  const routes = await sim.api.dump("ip_route_v2_dump", { src: 12, table: { table_id: 0, is_ip6: false, name: "" } });
  t.true(routes.some(({ route }) => (route as { prefix: string }).prefix === "0.0.0.0/0"));
  await sim.ok("dhcp_client_config", { is_add: false, client });
  t.deepEqual(await addresses(), []);
  t.is(await sim.retval("dhcp_client_config", { is_add: false, client }), -7);
});
