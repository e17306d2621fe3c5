// The contract over time and over other protocols: the first client still works, and so does a client of gRPC-Web.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { promisify } from "node:util";
import {
  createFileRegistry,
  type DescService,
  fromBinary,
  fromJson,
  type JsonObject,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import test, { type ExecutionContext } from "ava";
import { Http2Sessions } from "../../lib/grpc/index.js";
import { ErrorDetailSchema } from "../../lib/wire/gen/vpp_punt/v1/status_pb.js";
import { Punts } from "../../lib/wire/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

/** The contract as its first clients have it, built by `buf build`. It never changes. */
const FIRST = "test/support/daemon/first-contract.binpb";

function firstService(): DescService {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(FIRST))).getService("vpp_punt.v1.Punts")!;
}

function sessionTo(t: ExecutionContext, socket: string) {
  const sessionManager = new Http2Sessions("http://localhost", {}, { createConnection: () => connect(socket) });
  t.teardown(() => sessionManager.abort());
  return { baseUrl: "http://localhost", sessionManager };
}

const REQUEST = {
  ...{ cnf: "dns", type: "PUNT_TO_SOCKET" },
  toHost: { af: "IPV4", protocol: "UDP", port: 53 },
};

/** A client of any contract: names and numbers come from the descriptor. */
// biome-ignore lint/suspicious/noExplicitAny: the types of an earlier contract are not in the sources.
type AnyClient = any;

test("a client with the first contract adds, follows, plans and deletes a punt", async (t) => {
  const { socket } = await daemonTest(t);
  const service = firstService();
  const client = createClient(service, createGrpcTransport(sessionTo(t, socket))) as AnyClient;
  const message = (call: string, json: JsonObject) => fromJson(service.method[call]!.input, json);
  const json = (call: string, answer: Message) => toJson(service.method[call]!.output, answer) as AnyClient;
  const { caller, operator } = json("info", await client.info(message("info", {})));
  t.true(operator && caller !== "");
  const added = json("add", await client.add(message("add", { request: REQUEST, wait: { forCreated: true } })));
  t.like(added.status, { state: "CREATED", id: { cnf: "dns" } });
  t.like(added.status.request, REQUEST);
  for await (const event of client.watch(message("watch", {}))) {
    t.is(json("watch", event).snapshot.punts[0].id.cnf, "dns");
    break;
  }
  const id = { cnf: "dns" };
  const planned = json("plan", await client.plan(message("plan", { delete: [id] })));
  t.true(planned.steps.length > 0);
  const attached = json("attach", await client.attach(message("attach", { id })));
  t.true(attached.token !== "" && attached.socket !== "");
  await client.delete(message("delete", { id }));
  t.deepEqual(json("list", await client.list(message("list", {}))).punts ?? [], []);
});

test("a client that speaks gRPC-Web lists, watches and gets errors with their details", async (t) => {
  const { socket, connect: connected } = await daemonTest(t);
  await (await connected()).add({ cnf: "span", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });
  const client = createClient(Punts, createGrpcWebTransport({ httpVersion: "2", ...sessionTo(t, socket) }));
  t.is((await client.list({})).punts[0]!.id!.cnf, "span");
  for await (const { event } of client.watch({})) {
    t.is(event.case, "snapshot");
    break;
  }
  const error = await t.throwsAsync<ConnectError>(client.delete({ id: { cnf: "nobody" } }), {
    instanceOf: ConnectError,
  });
  t.is(error!.code, Code.NotFound);
  t.is(error!.findDetails(ErrorDetailSchema)[0]?.code, "ERR_NO_SUCH_PUNT");
});

test("the contract changes no name, number or type that clients have", async (t) => {
  const buf = "node_modules/.bin/buf";
  const against = ["breaking", "proto", "--against", FIRST];
  await t.notThrowsAsync(promisify(execFile)(buf, against, { timeout: 60_000 }));
});
