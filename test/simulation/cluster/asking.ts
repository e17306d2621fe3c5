// Calls about punts by way of a daemon or of etcd, and the model of the promises to the callers.
import type { ClusterPunts, EtcdPunts } from "../../../lib/cluster/index.js";
import { type ApplyResult, idKey, type PuntRequest, type PuntStatus, parseRequest } from "../../../lib/punt/index.js";
import { idOf, requestOf } from "../../stress/choice.js";
import { type Party, ROOT, type Schedule } from "../world/index.js";
import { checkSeen } from "./conditions.js";
import { outcomeOf } from "./daemon-process.js";
import type { Kept } from "./kept.js";
import type { Action } from "./operation.js";
import type { Asked, Call, ClusterWishes } from "./wishes.js";

/** The interface that answers at a place, and the process that asks there; undefined where nothing does now. */
export interface Door {
  readonly punts: ClusterPunts | EtcdPunts | undefined;
  readonly party: Party | undefined;
}

interface AskingParts {
  readonly schedule: Schedule;
  readonly wishes: ClusterWishes;
  readonly kept: Kept;
  isRestored(): boolean;
  door(via: number): Door;
}

export class Asking {
  readonly #parts: AskingParts;

  constructor(parts: AskingParts) {
    this.#parts = parts;
  }

  /** Asks for something, unless a call about the punt is under way. */
  ask(call: Call, request: PuntRequest, via: number): void {
    const { schedule } = this.#parts;
    const { punts, party } = this.#parts.door(via);
    const id = idOf(request) as PuntStatus["id"];
    if (punts === undefined || party === undefined || this.#parts.wishes.isBusy(id)) return;
    const asked = this.#parts.wishes.begin(call, request, party);
    if (call !== "add") this.#parts.kept.asked(id);
    const ended = (code: string | undefined) => {
      schedule.note(`${via} ${call} ${asked.key} ${code}\n`);
      this.#parts.wishes.ended(asked, code);
    };
    const make = (): Promise<unknown> => (call === "delete" ? punts.delete(id) : punts[call](request));
    const work = () =>
      void make()
        .then(
          () => {
            ended(undefined);
            return this.#look(punts, asked);
          },
          (error) => ended(outcomeOf(error)),
        )
        .catch((error) => schedule.fail(error));
    schedule.at(schedule.now, call, work, party);
  }

  /** Looks at a punt after its change was answered: the change is there, unless something else may have happened to it. */
  async #look(punts: NonNullable<Door["punts"]>, { call, request, terms }: Asked): Promise<void> {
    const id = idOf(request) as PuntStatus["id"];
    const isSure = () =>
      !(this.#parts.isRestored() || this.#parts.wishes.mayChange(id)) && terms === this.#parts.wishes.terms;
    const wish = this.#parts.wishes.at(id);
    if (!isSure()) return;
    const seen = await punts.get(id);
    if (isSure() && wish === this.#parts.wishes.at(id)) checkSeen(call, request, seen);
  }

  /** Replaces all punts of a CNF, unless a call about one of them is under way. */
  apply({ cnf: number, punts: choices, via }: Extract<Action, { op: "apply" }>): void {
    const { schedule } = this.#parts;
    const cnf = `cnf${number}`;
    const { punts, party } = this.#parts.door(via);
    if (punts === undefined || party === undefined || this.#parts.wishes.isCnfBusy(cnf)) return;
    const all = choices.map((choice) => parseRequest(requestOf({ ...choice, cnf: number }, ROOT)));
    const requests = [...new Map(all.map((each) => [idKey(each), each])).values()];
    const asked = this.#parts.wishes.beginSet(cnf, requests, party);
    for (const { request } of asked.asked) this.#parts.kept.asked(request);
    const ended = (outcome: ApplyResult | string) => {
      schedule.note(`${via} apply ${cnf} ${typeof outcome === "string" ? outcome : "done"}\n`);
      this.#parts.wishes.endedSet(asked, outcome);
    };
    const work = () =>
      void punts
        .apply({ cnf, punts: requests })
        .then(ended, (error) => ended(outcomeOf(error)))
        .catch((error) => schedule.fail(error));
    schedule.at(schedule.now, "apply", work, party);
  }
}
