// An etcd of three members, which elect a leader within a fraction of a second.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import { Etcd } from "../../../lib/cluster/index.js";
import { freePort } from "../free-port.js";

const PACE = ["--heartbeat-interval", "50", "--election-timeout", "500"];

export class ThreeEtcds {
  readonly endpoints: readonly string[];
  readonly #members: readonly ChildProcess[];

  private constructor(endpoints: readonly string[], members: readonly ChildProcess[]) {
    this.endpoints = endpoints;
    this.#members = members;
  }

  /** Starts the members, which end with the test. */
  static async start(t: Pick<ExecutionContext, "teardown">): Promise<ThreeEtcds> {
    const folder = await mkdtemp(join(tmpdir(), "vpp-punt-etcds-"));
    const urls: { client: string; peer: string }[] = [];
    for (let at = 0; at < 3; at++)
      urls.push({ client: `http://127.0.0.1:${await freePort()}`, peer: `http://127.0.0.1:${await freePort()}` });
    const cluster = urls.map(({ peer }, at) => `m${at}=${peer}`).join(",");
    const members = urls.map(({ client, peer }, at) => {
      const own = ["--name", `m${at}`, "--data-dir", join(folder, `${at}`), "--initial-cluster", cluster];
      const clients = ["--listen-client-urls", client, "--advertise-client-urls", client];
      const peers = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer];
      const all = [...own, ...clients, ...peers, ...PACE, "--unsafe-no-fsync", "--log-level", "error"];
      return spawn("etcd", all, { stdio: "ignore" });
    });
    const three = new ThreeEtcds(
      urls.map(({ client }) => client),
      members,
    );
    const ended = members.map((member) => once(member, "exit"));
    t.teardown(async () => {
      for (let at = 0; at < 3; at++) three.kill(at);
      await Promise.all(ended);
      await rm(folder, { recursive: true, force: true });
    });
    for (const endpoint of three.endpoints) await answering(endpoint);
    return three;
  }

  kill(at: number): void {
    this.#members[at]!.kill("SIGCONT");
    this.#members[at]!.kill("SIGKILL");
  }

  stop(at: number): void {
    this.#members[at]!.kill("SIGSTOP");
  }
}

async function answering(endpoint: string): Promise<void> {
  for (;;) {
    const etcd = await Etcd.open({ endpoints: endpoint });
    try {
      await etcd.write([], [{ key: "/vpp-punt/elsewhere", value: "1" }]);
      return;
    } catch {
      await sleep(100);
    } finally {
      etcd.close();
    }
  }
}
