// Registrations of punt sockets in the embedded VPP.
import test from "ava";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { ApiClient } from "../support/vpp/api-client.js";

const UDP_53 = {
  type: "PUNT_API_TYPE_L4",
  punt: { l4: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 53 } },
};

test("punt sockets are registered, listed and deregistered", async (t) => {
  await using vpp = await EmbeddedVpp.start();
  const client = await ApiClient.connect(vpp.apiSocket);
  const register = { header_version: 1, punt: UDP_53, pathname: "/tmp/a" };
  const reply = await client.call("punt_socket_register", register);
  t.is(reply.retval, 0);
  t.is(reply.pathname, vpp.puntSocket);
  await client.call("punt_socket_register", { ...register, pathname: "/tmp/b" });
  const [only, ...others] = await client.dump("punt_socket_dump", { type: "PUNT_API_TYPE_L4" });
  t.is(only!.pathname, "/tmp/b", "the second registration of a port replaces the first");
  t.is(others.length, 0);
  t.is((await client.call("punt_socket_deregister", { punt: UDP_53 })).retval, 0);
  t.is((await client.call("punt_socket_deregister", { punt: UDP_53 })).retval, 0);
  t.deepEqual(await client.dump("punt_socket_dump", { type: "PUNT_API_TYPE_L4" }), []);
  client.close();
});

test("VPP refuses with -1, and does not answer a bad type at all", async (t) => {
  await using vpp = await EmbeddedVpp.start();
  const client = await ApiClient.connect(vpp.apiSocket);
  const attempt = async (args: object) =>
    (await client.call("punt_socket_register", { header_version: 1, punt: UDP_53, pathname: "/tmp/a", ...args }))
      .retval;
  t.is(await attempt({ header_version: 2 }), -1);
  t.is(await attempt({ pathname: vpp.puntSocket! }), -1);
  const tcp = { l4: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_TCP", port: 53 } };
  t.is(await attempt({ punt: { type: "PUNT_API_TYPE_L4", punt: tcp } }), -1);
  const unknownType = client.encode("punt_socket_register", { header_version: 1, punt: UDP_53, pathname: "/tmp/a" });
  unknownType[17] = 9;
  client.sendBytes(unknownType);
  t.is((await client.call("control_ping")).retval, 0);
  t.deepEqual(client.events, []);
  client.close();
});

test("without a punt socket in startup.conf every registration fails", async (t) => {
  await using vpp = await EmbeddedVpp.start({ puntSocket: false });
  const client = await ApiClient.connect(vpp.apiSocket);
  const reply = await client.call("punt_socket_register", { header_version: 1, punt: UDP_53, pathname: "/tmp/a" });
  t.is(reply.retval, -1);
  t.true((await vpp.log()).some((line) => line.includes("socket is not configured")));
  client.close();
});

test("reasons of exceptions have names and ids", async (t) => {
  await using vpp = await EmbeddedVpp.start();
  const client = await ApiClient.connect(vpp.apiSocket);
  const all = await client.dump("punt_reason_dump", { reason: { id: 0, name: "" } });
  t.true(all.length >= 4);
  const [one] = await client.dump("punt_reason_dump", { reason: { id: 0, name: "ipsec4-no-such-tunnel" } });
  t.deepEqual(one, { reason: { id: 2, name: "ipsec4-no-such-tunnel" } });
  client.close();
});
