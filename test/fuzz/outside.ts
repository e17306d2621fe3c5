// The decoders of records and files that other programs and people write.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { parseGeneration } from "../../lib/cluster/history.js";
import { Keys } from "../../lib/cluster/index.js";
import { parseLeader } from "../../lib/cluster/leadership.js";
import { answerIn, answerTo, applyResultIn, dryRunIn, messageText, parseHead } from "../../lib/cluster/question.js";
import { idIn, Orders, parseWish, recordsOf, stateOf, wishText } from "../../lib/cluster/records.js";
import { parseStatus } from "../../lib/cluster/status.js";
import { parsePolicy } from "../../lib/daemon/index.js";
import { checkDaemonOptions } from "../../lib/daemon/options.js";
import { PacketFilter, PcapReader } from "../../lib/packet/index.js";
import {
  checked,
  idOf,
  idText,
  type PlanChange,
  type PuntRequest,
  type PuntSet,
  type Punts,
  parseId,
  parseRequest,
  type StoredState,
} from "../../lib/punt/index.js";
import { parseSet } from "../../lib/punt/request/set.js";
import { PuntStatusSchema } from "../../lib/wire/gen/vpp_punt/v1/status_pb.js";
import { statusFromWire, statusToWire } from "../../lib/wire/index.js";
import type { Random } from "../support/vpp/sample-values.js";
import { damagedBytes, damagedJson, damagedText } from "./mutate.js";
import { readable, refusable } from "./refusable.js";
import { REQUESTS } from "./requests.js";

const HOST = new Keys("vpp-punt", "host");
const PUNTS: readonly PuntRequest[] = REQUESTS.map((request) => parseRequest(request, "punt"));
const IDENTITY = { owner: "vpp-punt", memifDirectory: "/run/vpp-punt", subnets: {}, policyIdPrefix: 1 };

const STATE = {
  version: 1,
  manager: IDENTITY,
  punts: PUNTS,
  interconnects: [{ name: "a", vppSelector: "eth0", cnfSelector: "cnf", users: ["a"], link: { kind: "MEMIF" } }],
  namespaces: [{ id: 1, path: "/run/netns/a" }],
  claims: { "interface/a": "a" },
  notes: { "interface/a": { index: 1, names: ["a"] } },
} as unknown as StoredState;

const RECORDS = [...recordsOf(STATE, HOST, new Orders())].map(([key, value]) => ({ key, value }));

const ID = { cnf: "a", key: "b", label: "c" };

/** A status as the daemon that acts writes it. */
const STATUS = JSON.stringify({
  status: {
    ...{ id: ID, request: PUNTS[0], state: "FAILED", missing: [{ kind: "vpp", name: "", text: "VPP" }], reasons: [] },
    failure: { item: "tap/a", code: "EIO", message: "no", attempts: 1, nextTry: new Date(0) },
    metadata: {
      ...{ id: ID, type: "SPAN", caveats: [] },
      interconnects: [
        {
          ...{ type: "MEMIF", vppSelector: "eth0", cnfSelector: "a", shared: false },
          vppInterface: { name: "m", mac: "02:00:00:00:00:01", addresses: ["10.0.0.1/31"], vrf: 0, vrfName: "" },
          attachment: { kind: "memif", socket: "/run/m.sock", id: 0, secret: "" },
        },
      ],
    },
  },
  wish: 1,
  at: "",
});

const APPLIED = JSON.stringify({
  value: {
    ...{ added: [JSON.parse(STATUS).status], updated: [], unchanged: [], deleted: [ID] },
    failed: [{ id: ID, error: { op: "punt.add", code: "EIO", message: "no", details: {} } }],
  },
});

/** The records of a host in etcd, of which one is damaged: the state, wishes, statuses, and what a leader says. */
export async function etcdRecords(random: Random): Promise<void> {
  const which = random.below(RECORDS.length);
  const entries = RECORDS.map(({ key, value }, at) => ({
    key: at === which && random.below(4) === 0 ? key + random.pick(["/", "%", "%2F", "/a/b", "\0"]) : key,
    value: at === which ? damagedText(value, random) : value,
    created: "1",
    modified: "1",
  }));
  await refusable(() => stateOf(entries as never, HOST, new Orders()));
  const punt = random.pick(PUNTS);
  const id = idOf(punt);
  const key = HOST.key("wanted", id.cnf, id.key, id.label);
  await refusable(() => idIn(damagedText(JSON.stringify(key), random), HOST.folder("wanted")));
  await refusable(() => parseWish({ key, value: damagedText(wishText(punt, "a"), random) }, id));
  await refusable(() => statusToWire(parseStatus({ key, value: damagedText(STATUS, random) } as never).status));
  await refusable(() => parseGeneration(damagedText('{"number":1,"write":"a"}', random), key));
  parseLeader(damagedText('{"daemon":"a","addresses":["/run/a"],"lease":"1"}', random));
}

/** A question of another daemon in etcd, and its answer. */
export async function etcdMessages(random: Random): Promise<void> {
  const key = HOST.key("ask", "1");
  const head = damagedText('{"by":"a","lease":"1","parts":2}', random);
  const part = damagedText('{"value":"text"}', random);
  await refusable(() => messageText(key, parseHead(key, head), () => part));
  const error = { op: "punt.add", code: "ERR_BUSY", message: "busy", details: {} };
  await refusable(() => answerIn(damagedText(JSON.stringify({ error }), random), key));
  await refusable(() => applyResultIn(answerIn(damagedText(APPLIED, random), key)));
  await refusable(() => dryRunIn(answerIn(damagedText('{"value":{"steps":[],"punts":[]}}', random), key)));
}

/** Questions through etcd. */
export const QUESTIONS = [
  { call: "add", request: PUNTS[0], options: {} },
  { call: "update", request: PUNTS[1], options: { waitFor: "CREATED", timeout: 1 } },
  { call: "delete", id: ID },
  { call: "apply", set: { cnf: "a", punts: PUNTS.slice(0, 2), delete: [ID] }, options: {} },
  { call: "plan", change: { add: [PUNTS[0]], delete: [ID] } },
  { call: "explain", id: ID, traceMs: 5 },
  { call: "counters", cnf: "a" },
  { call: "explainFrames", frames: ["0102"], interface: "eth0", trace: true },
];

/** The checks of a manager. */
const CHECKS = {
  add: async (request: unknown) => void parseRequest(request),
  update: async (request: unknown) => void parseRequest(request),
  delete: async (id: unknown) => void parseId(id, "punt.delete"),
  apply: async (set: PuntSet) => ({ deleted: parseSet(set, false).named }),
  plan: async (change: PlanChange) => void checked.change(change),
} as unknown as Punts;

/** The text of a question through etcd: it has an answer, and names the punts that it is about. */
export async function etcdQuestions(random: Random): Promise<void> {
  const question = damagedText(JSON.stringify(random.pick(QUESTIONS)), random);
  const { text, call, punts, error } = await answerTo(question, { changes: CHECKS, punts: CHECKS });
  for (const { cnf, key = "", label = "" } of punts) idText({ cnf, key, label });
  if (error?.code === "ERR_INTERNAL") throw new Error(`a fault for a refusal: ${text}`);
  call.toUpperCase();
  await refusable(() => answerIn(text, "answer"));
}

const POLICY = {
  rules: [
    { name: "dns", match: { uid: 10053 }, cnfs: "dns*" },
    { name: "routers", match: { certificate: "cn:router" }, cnfs: ["r1", "r2"], types: ["SPAN"], interfaces: ["eth*"] },
  ],
};

export async function policyFile(random: Random): Promise<void> {
  const good = JSON.stringify(POLICY);
  await refusable(() => parsePolicy(damagedText(good, random), "policy.yaml"));
}

const DAEMON = {
  socket: "/run/vpp-punt/manager.sock",
  socketMode: 0o660,
  sockets: [{ path: "/run/vpp-punt/a.sock", cnf: "a", uid: 1000 }],
  state: "/var/lib/vpp-punt",
  policy: "/etc/vpp-punt/policy.yaml",
  etcd: { endpoints: ["https://etcd:2379"], prefix: "vpp-punt", label: "a", ttl: 8 },
  tls: { host: "127.0.0.1", port: 1, ca: "/ca.pem", cert: "/cert.pem", key: "/key.pem" },
  http: { host: "127.0.0.1", port: 9464 },
  page: { port: 8080 },
  manager: { owner: "vpp-punt", subnets: { pairs: "169.254.0.0/16" }, retry: { firstDelay: 10 } },
  stonework: { configPath: "/etc/stonework" },
  drainTime: 5_000,
};

export async function daemonOptions(random: Random): Promise<void> {
  await refusable(() => checkDaemonOptions(damagedJson(DAEMON, random) as never));
}

/** A daemon's answer over gRPC. */
export async function daemonAnswer(random: Random): Promise<void> {
  const { status } = parseStatus({ key: "", value: STATUS } as never);
  const bytes = damagedBytes(toBinary(PuntStatusSchema, statusToWire(status)), random);
  const message = readable(() => fromBinary(PuntStatusSchema, bytes));
  if (message) await refusable(() => statusFromWire(message));
}

/** Two packets in a pcap file. */
const CAPTURE = Buffer.from(
  "d4c3b2a102000400000000000000000000000400010000000100000002000000040000000400000001020304010000000300000002000000080000000506",
  "hex",
);

export async function captureFile(random: Random): Promise<void> {
  await refusable(() => {
    for (const { bytes, length } of new PcapReader(damagedBytes(CAPTURE, random))) void (bytes.length + length);
  });
}

/** ARP, as `tcpdump -ddd arp` prints it. */
const PROGRAM = Buffer.from("4\n40 0 0 12\n21 0 1 2054\n6 0 0 262144\n6 0 0 0\n");

/** A filter from outside runs in native code: what is taken must end, and read within the packet. */
export async function filterProgram(random: Random): Promise<void> {
  await refusable(() => {
    const filter = PacketFilter.parse(Buffer.from(damagedBytes(PROGRAM, random)).toString());
    filter.matches(random.bytes(1 + random.below(64)));
  });
}
