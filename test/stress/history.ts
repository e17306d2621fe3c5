// One random history of two managers and their VPP, and the conditions that hold at its end.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import {
  EmulatedHost,
  FileStore,
  isMade,
  PuntManager,
  type PuntRequestInput,
  type PuntStatus,
} from "../../lib/punt/index.js";
import { EmbeddedVpp, type FaultAction } from "../../lib/sim/index.js";
import { puntTypes } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { expectSame, idOf, interfacesOf, type PuntChoice, puntChoice, requestOf } from "./choice.js";
import { Operator } from "./operator.js";

export const cards = ["if0", "if1", "if2", "if3", "if4", "if5"];

export type Operation =
  | { readonly op: "add" | "delete"; readonly punt: PuntChoice; readonly owner: number }
  | { readonly op: "up"; readonly card: string; readonly up: boolean }
  | { readonly op: "address"; readonly card: string; readonly prefix: number; readonly present: boolean }
  | { readonly op: "loopback"; readonly instance: number; readonly present: boolean }
  | { readonly op: "restart-vpp" | "restart-manager" | "pause" }
  | { readonly op: "fault"; readonly message: string; readonly action: FaultAction; readonly nth: number };

const faultMessages = [
  ...["*", "memif_create_v2", "tap_create_v3", "sw_interface_tag_add_del", "sw_interface_set_flags", "acl_add_replace"],
  ...[
    "abx_policy_add_del",
    "sw_interface_set_l2_xconnect",
    "sw_interface_span_enable_disable",
    "memif_delete",
    "acl_del",
  ],
  ...[
    "sw_interface_set_unnumbered",
    "punt_socket_register",
    "dhcp_proxy_config",
    "sw_interface_dump",
    "isisx_connection_add_del",
  ],
];

const faultActions: FaultAction[] = [
  { kind: "refuse", error: "UNSPECIFIED" },
  { kind: "refuse", error: "NO_SUCH_ENTRY" },
  { kind: "delay", ms: 20 },
  { kind: "lose-reply" },
  { kind: "lose-request" },
  { kind: "cut" },
  { kind: "cut-request" },
];

/** Owners of the managers. Most operations are the first one's. */
const OWNERS = ["vpp-punt", "other"];
const anyOwner = fc.constantFrom(0, 0, 0, 1);
/** Types of which two owners can have punts on one interface, as indexes. */
const SHAREABLE = [puntTypes.indexOf("SPAN"), puntTypes.indexOf("ABX")];

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ op: fc.constant("add" as const), punt: puntChoice, owner: anyOwner }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant("delete" as const), punt: puntChoice, owner: anyOwner }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("up" as const), card: fc.constantFrom(...cards), up: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("address" as const),
      card: fc.constantFrom("if0", "if2", "if4", "loop0"),
      prefix: fc.nat({ max: 2 }),
      present: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("loopback" as const), instance: fc.nat({ max: 1 }), present: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Operation>({ op: "restart-vpp" }, { op: "restart-manager" }, { op: "pause" }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("fault" as const),
      message: fc.constantFrom(...faultMessages),
      action: fc.constantFrom(...faultActions),
      nth: fc.integer({ min: 1, max: 6 }),
    }),
  },
);

/** Runs a history. @throws an Error with the condition that did not hold */
export async function runHistory(operations: readonly Operation[]): Promise<void> {
  const history = await History.begin();
  try {
    for (const operation of operations) await history.perform(operation);
    await history.check();
  } finally {
    await history.end();
  }
}

const settleTime = 60_000;

class History {
  readonly #directory: string;
  readonly #vpp: EmbeddedVpp;
  readonly #client: Vpp;
  readonly #host: EmulatedHost;
  readonly #operator: Operator;
  /** One for each owner. */
  #managers: PuntManager[] = [];
  /** Operations under way. */
  #pending: Promise<unknown>[] = [];

  static async begin(): Promise<History> {
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-history-"));
    const vpp = await EmbeddedVpp.start({ directory, interfaces: cards });
    const client = await Vpp.connect({ socketPath: vpp.apiSocket, reconnect: { min: 2, max: 20 }, timeout: 150 });
    const history = new History(directory, vpp, client);
    await history.#operator.apply();
    await history.#startManagers();
    return history;
  }

  private constructor(directory: string, vpp: EmbeddedVpp, client: Vpp) {
    this.#directory = directory;
    this.#vpp = vpp;
    this.#client = client;
    this.#host = new EmulatedHost(vpp);
    this.#operator = new Operator(client, cards, directory);
  }

  async #startManagers(): Promise<void> {
    this.#managers = await Promise.all(
      OWNERS.map((owner) =>
        PuntManager.start({
          vpp: this.#client,
          host: this.#host,
          store: new FileStore(join(this.#directory, `${owner}.json`)),
          memifDirectory: this.#memifDirectory(owner),
          owner,
          resyncInterval: 300,
          retry: { firstDelay: 5, longestDelay: 50 },
        }),
      ),
    );
  }

  async #closeManagers(): Promise<void> {
    await Promise.all(this.#managers.map((manager) => manager.close()));
  }

  #memifDirectory(owner: string): string {
    return join(this.#directory, "memif", owner);
  }

  async perform(operation: Operation): Promise<void> {
    switch (operation.op) {
      case "add":
        return void this.#pending.push(ignoreRefusals(this.#manager(operation).add(this.#request(operation))));
      case "delete":
        return void this.#pending.push(ignoreRefusals(this.#manager(operation).delete(idOf(this.#request(operation)))));
      case "up":
        return this.#configure(() => this.#operator.setUp(operation.card, operation.up));
      case "address":
        return this.#configure(() =>
          this.#operator.setAddress(operation.card, addressOf(operation), operation.present),
        );
      case "loopback":
        return this.#configure(() => this.#operator.setLoopback(operation.instance, operation.present));
      case "fault":
        return this.#vpp.faults.add({ message: operation.message, action: operation.action, nth: operation.nth });
      case "pause":
        return void (await Promise.all(this.#pending.splice(0)));
      case "restart-vpp":
        return this.#restartVpp();
      case "restart-manager":
        await this.#closeManagers();
        return this.#startManagers();
    }
  }

  /** Runs a request of the operator, without the faults that are meant for the manager. */
  async #configure(work: () => Promise<void>): Promise<void> {
    this.#vpp.faults.clear();
    await this.#client.connected();
    await work();
  }

  async #restartVpp(): Promise<void> {
    this.#vpp.faults.clear();
    await this.#vpp.restart();
    await this.#client.connected();
    await this.#operator.apply();
  }

  #manager({ owner }: { readonly owner: number }): PuntManager {
    return this.#managers[owner]!;
  }

  /** The second owner has only types that two owners can have on one interface. */
  #request({ punt, owner }: { readonly punt: PuntChoice; readonly owner: number }): PuntRequestInput {
    const type = owner === 0 ? punt.type : SHAREABLE[punt.type % SHAREABLE.length]!;
    return requestOf({ ...punt, type }, this.#directory);
  }

  async check(): Promise<void> {
    this.#vpp.faults.clear();
    await this.#settle();
    this.#checkStates();
    const reached = await snapshot(this.#client);
    await this.#closeManagers();
    await this.#restartVpp();
    await this.#startManagers();
    await this.#settle();
    expectSame("a VPP that was configured at once", await snapshot(this.#client), "after the history", reached);
    await this.#checkNothingLeft();
  }

  async #settle(): Promise<void> {
    const end = Date.now() + settleTime;
    await this.#client.connected();
    await Promise.all(this.#pending.splice(0));
    for (;;) {
      const left: string[] = [];
      for (const manager of this.#managers) {
        await manager.resync();
        left.push(unsettled(manager.list()));
      }
      for (const manager of this.#managers) left.push((await manager.plan()).toString());
      if (left.every((text) => text === "" || text === "nothing to do")) return;
      if (Date.now() > end) throw new Error(`not settled: ${left.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #list(): PuntStatus[] {
    return this.#managers.flatMap((manager) => manager.list());
  }

  #checkStates(): void {
    for (const { request, state, missing } of this.#list()) {
      const names = interfacesOf(request);
      const waits = names.filter((name) => !this.#isReady(name, request.type));
      const made = names.every((name) => this.#operator.has(name).up) ? "CREATED" : "DEGRADED";
      const expected = waits.length > 0 ? "PENDING" : made;
      const named = waits.every((name) => missing.some((lack) => lack.name === name));
      if (state !== expected || !named)
        throw new Error(
          `${request.cnf} ${request.type} is ${state}, for ${JSON.stringify(missing)}; ${waits} are missing`,
        );
    }
  }

  #isReady(name: string, type: string): boolean {
    const { interface: there, address } = this.#operator.has(name);
    return type === "ABX" || type === "ISISX" ? address : there;
  }

  async #checkNothingLeft(): Promise<void> {
    for (const manager of this.#managers) await Promise.all(manager.list().map(({ id }) => manager.delete(id)));
    const deleted = await snapshot(this.#client);
    for (const owner of OWNERS) {
      const files = await readdir(this.#memifDirectory(owner)).catch(() => []);
      if (files.length > 0) throw new Error(`socket files are left: ${files}`);
    }
    await this.#closeManagers();
    await this.#restartVpp();
    expectSame("a VPP no manager ever saw", await snapshot(this.#client), "after all was deleted", deleted);
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.#pending);
    await this.#closeManagers();
    await this.#client.close();
    await this.#vpp.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function addressOf({ card, prefix }: { card: string; prefix: number }): string {
  const index = cards.includes(card) ? cards.indexOf(card) : 9;
  const choices = [
    card.startsWith("loop") ? "10.1.0.1/24" : `10.0.${index}.1/24`,
    `10.9.${index}.1/28`,
    `fd00:${index}::1/64`,
  ];
  return choices[prefix];
}

/** Accepts conflicts and failures. Any error that is not a PuntError is a fault of the manager. */
async function ignoreRefusals(work: Promise<unknown>): Promise<void> {
  await work.catch((error) => {
    if (!(error instanceof PuntError)) throw error;
  });
}

/** Describes the punts that are neither made nor PENDING; "" if there are none. */
function unsettled(list: readonly PuntStatus[]): string {
  return list
    .filter(({ state }) => !isMade(state) && state !== "PENDING")
    .map(({ id, state, failure }) => `${id.cnf}/${id.label} ${state} ${failure?.message ?? ""}`)
    .join("\n");
}
