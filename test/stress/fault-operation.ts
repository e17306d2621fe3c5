// The operations that faults strike: the punts of a CNF before and after, and the manager's calls.
import { type PuntManager, type PuntRequestInput, type PuntType, parseRequest } from "../../lib/punt/index.js";
import { puntOf } from "../support/punt/punts.js";
import { idOf } from "./choice.js";

export const OPERATIONS = ["add", "delete", "update", "apply"] as const;

/** `update` moves the punt to another interface, VRF or port; `apply` replaces it by one of another name for the same. */
export type OperationName = (typeof OPERATIONS)[number];

export interface CaseOptions {
  readonly type: PuntType;
  readonly interconnect: "TAP" | "MEMIF";
  /** Whether a SPAN of the same CNF has an interconnect of the same kind for the same interface. */
  readonly shared: boolean;
  readonly op: OperationName;
}

/** Can be sent to another process. */
export interface Operation {
  readonly op: OperationName;
  readonly before: readonly PuntRequestInput[];
  readonly after: readonly PuntRequestInput[];
  /** Punts of the CNF that stay. */
  readonly beside: readonly PuntRequestInput[];
}

export const CNF = "cnf";

export interface Site {
  readonly directory: string;
  /** Whether the machine has VRF devices. */
  readonly hasVrf: boolean;
}

export function operationOf({ type, interconnect, shared, op }: CaseOptions, { directory, hasVrf }: Site): Operation {
  const place = { cnf: CNF, interconnect, subject: 1, unique: 1, folder: directory };
  const request = (more: object) => {
    const one = puntOf(type, { ...place, ...more });
    return one.type === "DHCP_PROXY" ? { ...one, withoutCnfVrf: !hasVrf } : one;
  };
  const punt = request({});
  const changes = {
    add: [[], [punt]],
    delete: [[punt], []],
    update: [[punt], [request({ subject: 2, unique: 3 })]],
    apply: [[punt], [request({ label: "another", unique: 4 })]],
  } satisfies Record<OperationName, [PuntRequestInput[], PuntRequestInput[]]>;
  const [before, after] = changes[op];
  return { op, before, after, beside: shared ? [partnerOf(type, place)] : [] };
}

function partnerOf(type: PuntType, place: Omit<Parameters<typeof puntOf>[1], "label">): PuntRequestInput {
  const partner = { ...place, label: "partner", unique: 2 };
  if (type !== "PUNT_TO_SOCKET") return puntOf("SPAN", partner);
  const socketPath = `${place.folder}/punt1.sock`;
  return { ...puntOf(type, { ...partner, subject: 3 }), socketPath } as PuntRequestInput;
}

/** Carries out the operation, in the call of its name. @throws PuntError */
export async function operate(manager: PuntManager, { op, before, after, beside }: Operation): Promise<void> {
  if (op === "delete") return manager.delete(idOf(before[0]!));
  if (op === "apply") return void (await manager.apply({ cnf: CNF, punts: [...after, ...beside] }));
  await manager[op](after[0]!);
}

/** Tells whether the manager has the requests, the ones that stay, and no others. */
export function hasJust(manager: PuntManager, requests: readonly PuntRequestInput[], { beside }: Operation): boolean {
  const text = (request: unknown) => JSON.stringify(request);
  const wanted = [...requests, ...beside].map((each) => text(parseRequest(each))).sort();
  const found = manager.list().map(({ request }) => text(request));
  return text(found.sort()) === text(wanted);
}
