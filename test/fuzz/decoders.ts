// The decoders of what others send: each takes one damaged input, and may refuse it with a PuntError only.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { InQueue, Schema } from "../../lib/binapi/index.js";
import { StatsMemory } from "../../lib/binapi/stats/memory.js";
import { Snapshots } from "../../lib/binapi/stats/snapshots.js";
import { decodeHeader, decodeRefusal, HEADER_SIZE } from "../../lib/descriptor/frame.js";
import { describeFrame, describeIp } from "../../lib/packet/index.js";
import { parseRequest, parseRequests } from "../../lib/punt/request/index.js";
import { parse, serialize } from "../../lib/punt/store/format.js";
import type { StoredState } from "../../lib/punt/store/index.js";
import { segmentOf } from "../../lib/sim/stats/layout.js";
import { requestFromWire as fromStoneWork } from "../../lib/stonework/request.js";
import { PuntRequestSchema as StoneWorkSchema } from "../../lib/stonework/wire.js";
import { PuntRequestSchema } from "../../lib/wire/gen/vpp_punt/v1/request_pb.js";
import { decodeAnswer, decodeQuestion, encodeAttach, requestFromWire, requestToWire } from "../../lib/wire/index.js";
import { type Random, Sampler } from "../support/vpp/sample-values.js";
import { announcement, clusterHistory, sessionsFile, stoneWorkConfig } from "./files.js";
import { lyingCaller } from "./lying-caller.js";
import { lyingEngine } from "./lying-engine.js";
import { lyingEtcd } from "./lying-etcd.js";
import { lyingVpp } from "./lying-vpp.js";
import { damagedBytes, damagedJson } from "./mutate.js";
import {
  captureFile,
  daemonAnswer,
  daemonOptions,
  etcdMessages,
  etcdQuestions,
  etcdRecords,
  filterProgram,
  policyFile,
} from "./outside.js";
import { readable, refusable } from "./refusable.js";
import { REQUESTS, STONEWORK_REQUESTS } from "./requests.js";

/** Decodes one input made of the random numbers. Throws what the decoder throws. */
export type Decoder = (random: Random) => void | Promise<void>;

const schema = Schema.builtin();
const names = schema.names();

/** A message of the binary API, damaged. */
function apiMessage(random: Random): void {
  const name = random.pick(names);
  const { def, types } = schema.definition(name);
  const message = schema.message(name);
  const value = new Sampler(types, random).message(def, def.fields.length - message.fields.length);
  message.decode(damagedBytes(message.encode(value), random));
}

/** VPP's own definitions, damaged, and then every message that they have left. */
const definitions = Schema.builtin("22.02").toApiJson() as unknown[];

async function apiJson(random: Random): Promise<void> {
  const some = [random.pick(definitions), random.pick(definitions)];
  const damaged = Schema.fromApiJsonText(JSON.stringify(damagedJson(some, random)));
  for (const name of damaged.names().slice(0, 20))
    await refusable(() => damaged.message(name).decode(random.bytes(64)));
}

/** A stream of the API socket, in any pieces. */
function apiStream(random: Random): void {
  const queue = new InQueue({ shortest: 2, longest: 1 << 20, op: "fuzz", sender: "VPP" });
  for (let n = 0; n < 8; n++) {
    const frame = Buffer.alloc(16 + random.below(40));
    frame.writeUInt32BE(random.below(8) === 0 ? random.u32() : frame.length - 16, 8);
    const bytes = damagedBytes(frame, random).subarray(0, queue.fillEnd - queue.fillStart);
    queue.bytes.set(bytes, queue.fillStart);
    queue.fill(bytes.length);
    while (queue.next() !== undefined);
  }
}

const segment = segmentOf(
  [
    { kind: "scalar", name: "/sys/boottime", value: 5 },
    { kind: "names", name: "/if/names", names: ["local0", "eth0"] },
    { kind: "simple", name: "/if/drops", values: [1, 2] },
    {
      kind: "combined",
      name: "/if/rx",
      values: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
  "26.06",
);

function statsSegment(random: Random): void {
  const bytes = Buffer.from(damagedBytes(segment, random));
  const memory = new StatsMemory({
    size: () => bytes.length,
    read: (into, length, offset) => bytes.copy(into, 0, offset, offset + length),
    close: () => undefined,
  });
  const snapshots = new Snapshots(memory);
  snapshots.list([]);
  snapshots.read([]);
}

const state = { version: 1, punts: REQUESTS, interconnects: [], claims: {}, notes: {} } as unknown as StoredState;
const stored = Buffer.from(serialize(state));

function store(random: Random): void {
  parse(Buffer.from(damagedBytes(stored, random)).toString(), "state.json");
}

function request(random: Random): void {
  parseRequest(damagedJson(random.pick(REQUESTS), random), "request");
}

const yaml = Buffer.from(`punts:\n${REQUESTS.map((each) => `  - ${JSON.stringify(each)}\n`).join("")}`);

function requestFile(random: Random): void {
  const text =
    random.below(2) === 0
      ? Buffer.from(damagedBytes(yaml, random)).toString()
      : JSON.stringify(damagedJson({ punts: REQUESTS }, random));
  parseRequests(text, "punts.yaml");
}

const wireRequests = REQUESTS.map((each) => toBinary(PuntRequestSchema, requestToWire(each)));

function grpcRequest(random: Random): void {
  const message = readable(() => fromBinary(PuntRequestSchema, damagedBytes(random.pick(wireRequests), random)));
  if (message) parseRequest(requestFromWire(message), "request");
}

const stoneWorkRequests = STONEWORK_REQUESTS.map((each) => toBinary(StoneWorkSchema, create(StoneWorkSchema, each)));

function stoneWorkRequest(random: Random): void {
  const message = readable(() => fromBinary(StoneWorkSchema, damagedBytes(random.pick(stoneWorkRequests), random)));
  if (message) fromStoneWork(message, { cnf: "cnf", key: "key" });
}

async function attachMessage(random: Random): Promise<void> {
  const question = encodeAttach({ kind: "punt", token: "token", have: {}, packets: true });
  const answer = encodeAttach({ ends: [{ kind: "memif", interconnect: 0, identity: "one" }], namespace: "" });
  await refusable(() => decodeHeader(random.bytes(HEADER_SIZE)));
  decodeRefusal(damagedBytes(Buffer.from('{"op":"a","code":"EPERM","message":"m","details":{}}'), random));
  await refusable(() => decodeQuestion(damagedBytes(question, random)));
  decodeAnswer(damagedBytes(answer, random));
}

const frame = Buffer.from(
  "ffffffffffff020000000001080045000028000100004011000001020304050607080035003500140000",
  "hex",
);

function packet(random: Random): void {
  const damaged = damagedBytes(frame, random);
  for (const line of [describeFrame(damaged), describeIp(damaged.subarray(Math.min(14, damaged.length)))])
    if (/\p{Cc}/u.test(line)) throw new Error(`not printable: ${JSON.stringify(line)}`);
}

export const DECODERS: Readonly<Record<string, Decoder>> = {
  "api-message": apiMessage,
  "api-json": apiJson,
  "api-stream": apiStream,
  "stats-segment": statsSegment,
  store,
  request,
  "request-file": requestFile,
  "grpc-request": grpcRequest,
  "stonework-request": stoneWorkRequest,
  "attach-message": attachMessage,
  packet,
  "capture-file": captureFile,
  "filter-program": filterProgram,
  "policy-file": policyFile,
  "daemon-options": daemonOptions,
  "daemon-answer": daemonAnswer,
  "sessions-file": sessionsFile,
  "cluster-history": clusterHistory,
  announcement,
  "stonework-config": stoneWorkConfig,
  "etcd-records": etcdRecords,
  "etcd-messages": etcdMessages,
  "etcd-questions": etcdQuestions,
  "lying-vpp": lyingVpp,
  "lying-engine": lyingEngine,
  "lying-etcd": lyingEtcd,
  "lying-caller": lyingCaller,
};
