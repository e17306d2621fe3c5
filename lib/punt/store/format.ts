// The text of a store's file, and its earlier versions.
import { messageOf, PuntError } from "../../errors.js";
import { seal, unseal } from "../../files/index.js";
import { lazily, zod } from "../../lazily.js";
import { checkShape } from "../../shapes.js";
import { parseTaken } from "../request/index.js";
import type { StoredState } from "./store.js";

const OP = "punt.store";
const FORMAT = "vpp-punt";
const VERSION = 2;
/** Earlier versions that can be read, each with the function that turns its state into one of the next version. */
const UPGRADES: Readonly<Record<number, (state: object) => object>> = {
  // Version 1 kept no notes, and recognized DHCP proxies and linux-cp's pairs by their form.
  1: (state) => {
    const { claims } = state as StoredState;
    return { ...state, claims: { ...claims, "*": "" }, notes: {} };
  },
};

export function serialize(state: StoredState): string {
  return seal(FORMAT, VERSION, JSON.stringify(state));
}

/** Parses the text of a file. `path` is its name in errors. @throws PuntError `ERR_STORE_DAMAGED`, `ERR_STORE_VERSION` */
export function parse(text: string, path: string): StoredState {
  const sealed = unseal(text);
  if (sealed?.format !== FORMAT) throw damaged(path, "its first line is not that of a store");
  const { version, body, isWhole } = sealed;
  if (version !== VERSION && UPGRADES[version] === undefined) {
    const message = `${path} has version ${version}; this program reads 1 to ${VERSION}`;
    throw new PuntError(OP, "ERR_STORE_VERSION", message, { path, version });
  }
  if (!isWhole) throw damaged(path, "its checksum is wrong");
  const state = upgraded(parsed(body), version);
  const problem = shapeProblem(state);
  if (problem !== undefined) throw damaged(path, problem);
  requireKnown(state, path);
  // Not the checked copy: its fields have another order, by which an equal request would count as another one.
  return state;
}

/** Refuses requests that this version would carry out in part. @throws PuntError `ERR_STORE_VERSION` */
export function requireKnown({ punts }: StoredState, where: string): void {
  for (const [index, punt] of punts.entries()) {
    try {
      parseTaken(punt, `punts[${index}]`, OP);
    } catch (cause) {
      const reason = messageOf(cause as PuntError);
      const message = `${where} has a request that this version does not know, or of a type that this program has not added: ${reason}`;
      throw new PuntError(OP, "ERR_STORE_VERSION", message, { path: where }, cause);
    }
  }
}

/** Returns what a state has in another form than a manager saves it; undefined if nothing. */
export function shapeProblem(state: unknown): string | undefined {
  const shape = checkShape(stateShape(), state);
  if (shape.success) return undefined;
  const [issue] = shape.error.issues;
  return `its ${issue!.path.join(".") || "state"} has another form than a manager saves`;
}

const name = lazily(() => zod().string());
const names = lazily(() => zod().array(name()));
const texts = lazily(() => zod().record(name(), name()));
const link = lazily(() =>
  zod().discriminatedUnion("form", [
    zod().looseObject({
      form: zod().literal("interface"),
      vrf: zod().number(),
      addresses: names(),
      subnets: zod().array(zod().literal([4, 6])),
    }),
    zod().looseObject({ form: zod().literal("socket"), path: name() }),
  ]),
);

/** The fields that the manager relies on. A checksum says that a program wrote the state, not which one. */
const stateShape = lazily(() =>
  zod().looseObject({
    manager: zod().looseObject({}).optional(),
    punts: zod().array(
      zod().looseObject({ type: name(), interconnect: name(), cnf: name(), key: name(), label: name() }),
    ),
    interconnects: zod().array(
      zod().looseObject({
        ...{
          vppSelector: name(),
          cnfSelector: name(),
          type: name(),
          name: name(),
          link: link(),
          users: names(),
          priority: zod().number(),
        },
        ...{
          netns: zod().number().optional(),
          socket: name().optional(),
          secret: name().optional(),
          macName: name().optional(),
        },
        subnets: zod().record(name(), zod().number()),
      }),
    ),
    namespaces: zod().array(zod().looseObject({ id: zod().number(), path: name(), identity: name().optional() })),
    claims: texts(),
    // A note of another form counts as none.
    notes: zod().record(name(), zod().unknown()),
  }),
);

function parsed(body: string): object {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}

function upgraded(state: object, from: number): StoredState {
  let current = state;
  for (let at = from; at < VERSION; at++) current = UPGRADES[at]!(current);
  return current as StoredState;
}

function damaged(path: string, reason: string): PuntError {
  return new PuntError(OP, "ERR_STORE_DAMAGED", `${path} is damaged: ${reason}`, { path });
}
