// Programs of a later version: the daemon does nothing by halves, and says which version it is.
import { create, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import test, { type ExecutionContext } from "ava";
import { http2Line } from "../../lib/module/remote/line.js";
import { packageVersion } from "../../lib/package-root.js";
import { AddRequestSchema, errorFromWire, InfoRequestSchema, Punts, requestToWire } from "../../lib/wire/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

/** A field that this version does not have: a number. */
const LATER = [{ no: 99, wireType: 0, data: Uint8Array.of(5) }];

async function clientOf(t: ExecutionContext) {
  const { socket } = await daemonTest(t);
  const { transport, sessions } = http2Line({ socket });
  t.teardown(() => sessions.abort());
  return { transport, client: createClient(Punts, transport) };
}

const span = () => requestToWire({ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });

function laterIn<M extends Message>(message: M): M {
  return Object.assign(message, { $unknown: LATER });
}

test("a request with a field of a later version is refused, and nothing is done", async (t) => {
  const { client } = await clientOf(t);
  const version = packageVersion();
  for (const [request, name] of [
    [laterIn(create(AddRequestSchema, { request: span() })), "AddRequest"],
    [create(AddRequestSchema, { request: laterIn(span()) }), "PuntRequest"],
  ] as const) {
    const refusal = await t.throwsAsync<ConnectError>(client.add(request));
    t.is(refusal!.code, Code.Unimplemented);
    t.is(refusal!.rawMessage, `version ${version} does not know field 99 of vpp_punt.v1.${name}`);
    const { code, message } = errorFromWire(refusal, "punt.add");
    t.is(code, "ERR_UNIMPLEMENTED");
    t.true(
      message.endsWith(`it is earlier than this program, which is version ${version}; upgrade the daemon`),
      message,
    );
  }
  t.deepEqual((await client.list({})).punts, []);
});

test("values of a later version are refused, and nothing is done", async (t) => {
  const { client } = await clientOf(t);
  const dns = requestToWire({ cnf: "a", type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 } });
  Object.assign(dns.toHost!, { protocol: 99 });
  const others = [{ type: 99 }, { direction: 99 }, { interconnect: 99 }].map((part) => Object.assign(span(), part));
  for (const request of [dns, ...others])
    await t.throwsAsync(client.add({ request }), { code: Code.InvalidArgument } as never);
  t.deepEqual((await client.list({})).punts, []);
});

/** A call that this version does not have. */
function laterCall(transport: Transport) {
  const method = { ...Punts.method.info, name: "Pause" };
  return transport.unary(method, undefined, undefined, {}, create(InfoRequestSchema));
}

test("a call of a later version gets the daemon's version", async (t) => {
  const { transport } = await clientOf(t);
  const refusal = await t.throwsAsync<ConnectError>(laterCall(transport));
  const version = packageVersion();
  t.is(refusal!.rawMessage, `version ${version} does not know the call vpp_punt.v1.Punts/Pause`);
  t.is(errorFromWire(refusal, "punt.pause").code, "ERR_UNIMPLEMENTED");
});

test("the first daemons know no version: their refusal says that they are earlier", (t) => {
  const { code, message } = errorFromWire(new ConnectError("HTTP 404", Code.Unimplemented), "punt.pause");
  t.is(code, "ERR_UNIMPLEMENTED");
  t.true(message.startsWith("punt.pause: the daemon: its version does not know the call: it is earlier"), message);
});
