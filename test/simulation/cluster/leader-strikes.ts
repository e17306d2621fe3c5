// Strikes at the daemon that acts: it gives the lead up, loses it, dies, or is cut off.
import { Keys } from "../../../lib/cluster/index.js";
import type { PuntChoice } from "../../stress/choice.js";
import type { World } from "../world/index.js";
import { type DaemonProcess, HOST, PREFIX } from "./daemon-process.js";
import type { EtcdProcess } from "./etcd-process.js";
import type { HostModules } from "./host-modules.js";
import { type Action, OPERATOR } from "./operation.js";

export type LeaderStrike = Extract<Action, { op: "handover" | "depose" | "partition" | "orphan" }>;

/** The daemon that acts. */
export interface Leading {
  readonly schedule: World["schedule"];
  readonly etcd: EtcdProcess;
  /** Its place; -1: no daemon acts. */
  readonly place: number;
  readonly daemon: DaemonProcess | undefined;
  readonly modules: Pick<HostModules, "kill">;
  /** Asks it for a change. */
  ask(call: "add" | "delete", punt: PuntChoice): void;
  crashVpp(): void;
}

const keys = new Keys(PREFIX, HOST);

export function strikeLeader(leading: Leading, action: LeaderStrike): void {
  if (action.op === "depose") depose(leading, action);
  else if (leading.place < 0) return;
  else if (action.op === "handover") handOver(leading, action);
  else if (action.op === "orphan") orphan(leading, action);
  else {
    leading.etcd.ways[leading.place]!.cutUntil = leading.schedule.now + action.ms;
    later(leading, action.crash, () => leading.crashVpp());
  }
}

/** Stops it in order, right after it has taken or deleted a punt of which the others hear late. */
function handOver(leading: Leading, { punt, isDeleted, news, ms }: Extract<LeaderStrike, { op: "handover" }>): void {
  const { schedule, etcd, place } = leading;
  const until = schedule.now + ms + 2_000;
  for (const [other, way] of etcd.ways.entries()) {
    if (other === place || other === OPERATOR) continue;
    if (news !== "again") way.eventsFrom.set(keys.folder(news), until);
    else for (const link of way.links) link.break();
    way.slow = { until, ms: news === "again" ? 400 : 0 };
  }
  leading.ask(isDeleted ? "delete" : "add", punt);
  later(leading, ms, () => leading.daemon!.stop());
}

/** Deletes its key, of which it hears late. */
function depose(leading: Leading, { punt, ms }: Extract<LeaderStrike, { op: "depose" }>): void {
  const { schedule, etcd, place } = leading;
  if (place >= 0) {
    etcd.ways[place]!.eventsFrom.set(keys.folder("leader"), schedule.now + ms + 300);
    leading.ask("add", punt);
  }
  later(leading, ms, () => etcd.model.set(keys.leader, undefined));
}

/** Kills it about when a module dies. */
function orphan(leading: Leading, { which, isFirst, ms, down }: Extract<LeaderStrike, { op: "orphan" }>): void {
  const deaths = [() => leading.modules.kill(which), () => leading.daemon!.kill(down)];
  if (!isFirst) deaths.reverse();
  deaths[0]!();
  later(leading, ms, deaths[1]!);
}

function later({ schedule }: Leading, ms: number, strike: () => void): void {
  schedule.at(schedule.now + ms, "strike", () => schedule.isCalm || strike(), schedule.world);
}
