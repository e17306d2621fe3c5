// The files that a daemon keeps or finds at its start, after a disk or another program has damaged them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { HISTORY, History, type Remembered } from "../../lib/cluster/history.js";
import { SESSIONS, type StoredSession } from "../../lib/daemon/session-memory.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { parseState, type StateForm, seal } from "../../lib/files/index.js";
import { lazily } from "../../lib/lazily.js";
import { hostPort } from "../../lib/net/index.js";
import { announcementIn } from "../../lib/stonework/announcement.js";
import type { Model } from "../../lib/stonework/model.js";
import { groupsIn, groupsOfTheAgent, itemsOf } from "../../lib/stonework/orchestrator/config-file.js";
import { ModelSpecSchema, PuntRequestSchema } from "../../lib/stonework/wire.js";
import type { Random } from "../support/vpp/sample-values.js";
import { damagedBytes, damagedJson, damagedText } from "./mutate.js";

/** Damages the bytes of a file, the state below a right checksum, or a file of an earlier program, which has no checksum. */
function damagedState<T>(state: T, { format }: StateForm<T>, random: Random): string {
  const kind = random.below(3);
  if (kind === 0)
    return Buffer.from(damagedBytes(Buffer.from(seal(format, 1, JSON.stringify(state))), random)).toString();
  if (kind === 1) return seal(format, 1, JSON.stringify(damagedJson(state, random)));
  return damagedText(JSON.stringify(state), random);
}

const STORED: readonly StoredSession[] = [
  { id: "1", cnf: "a", graceMs: 5, punts: [{ cnf: "a", key: "b", label: "c" }] },
  { id: "2", cnf: "b", graceMs: 0, punts: [] },
];

/** A file of sessions: what is taken can be loaded, and is what a daemon would save. */
export async function sessionsFile(random: Random): Promise<void> {
  const stored = parseState(damagedState(STORED, SESSIONS, random), "sessions.json", SESSIONS);
  const problem = (error: unknown) => {
    throw error;
  };
  const memory = { load: async () => stored, save: async () => {} };
  const sessions = new Sessions({ memory, delete: async () => {}, problem });
  await sessions.load();
  await sessions.close();
  parseState(JSON.stringify(stored), "sessions.json", SESSIONS);
}

const PLACE = { host: "edge1", prefix: "/vpp-punt" };
const REMEMBERED: Remembered = { place: PLACE, cluster: "c", revision: 7, generation: { number: 3, write: "w" } };

const historyFile = lazily(() => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-fuzz-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "etcd.json");
});

/** A daemon's memory of etcd's history: what is taken answers every question of a daemon, if only with a refusal. */
export async function clusterHistory(random: Random): Promise<void> {
  const file = historyFile();
  writeFileSync(file, damagedState(REMEMBERED, HISTORY, random));
  const problem = (error: Error) => {
    throw error;
  };
  const history = await History.open(file, PLACE, { problem });
  try {
    history.see({ cluster: "c", revision: 7 }, 0);
    history.check({ number: 3, write: "w" });
  } finally {
    await history.close();
  }
}

const ASKED = { label: "a", punt_type: "SPAN", span: { vpp_interface: "eth0" } };
const CONFIGURED = {
  mock1Config: { PuntRequest_list: [ASKED, { ...ASKED, label: "b" }], PuntRequest: { ...ASKED, label: "c" } },
  vppConfig: { interfaces: [{ name: "eth0", enabled: true }] },
};

const CONFIGURED_MODEL: Model = {
  message: PuntRequestSchema,
  spec: create(ModelSpecSchema, { module: "mock1", version: "v1", type: "punt-request", class: "config" }),
  nameTemplate: "{{.Label}}",
};

/** The configuration of CNFs: JSON is YAML, too. */
export function stoneWorkConfig(random: Random): void {
  const groups = groupsIn(damagedText(JSON.stringify(CONFIGURED), random), "config.yaml");
  groupsOfTheAgent(groups);
  itemsOf(groups, CONFIGURED_MODEL, "config.yaml");
}

const ANNOUNCED = {
  pid: 12,
  "ms-label": "mycnf",
  "ip-address": "172.18.0.4",
  "grpc-port": 19_019,
  "http-port": 19_119,
};

/** A file by which a CNF announces itself: the orchestrator connects to what is taken. */
export function announcement(random: Random): void {
  const { address, grpcPort } = announcementIn(damagedText(JSON.stringify(ANNOUNCED), random), "mycnf.pid");
  new URL(`http://${hostPort(address, grpcPort)}`);
}
