// The form of a status that comes from etcd: another version's daemon wrote it, or another program.
import { lazily, zod } from "../lazily.js";
import { type PuntStatus, parseRequest } from "../punt/index.js";
import { checkShape } from "../shapes.js";

const text = lazily(() => zod().string());
const id = lazily(() => zod().looseObject({ cnf: text(), key: text(), label: text() }));
const side = lazily(() =>
  zod().looseObject({
    ...{ name: text(), mac: text(), addresses: zod().array(text()) },
    ...{ vrf: zod().number(), vrfName: text() },
  }),
);
const attachment = lazily(() =>
  zod().discriminatedUnion("kind", [
    zod().looseObject({ kind: zod().literal("memif"), socket: text(), id: zod().number(), secret: text() }),
    zod().looseObject({ kind: zod().literal("af-unix"), path: text(), vppPath: text().optional() }),
    zod().looseObject({ kind: zod().literal("tap"), name: text(), namespace: text() }),
  ]),
);
const interconnect = lazily(() =>
  zod().looseObject({
    ...{ type: zod().enum(["TAP", "MEMIF", "AF_UNIX"]), vppSelector: text(), cnfSelector: text() },
    ...{ vppInterface: side().optional(), cnfInterface: side().optional(), shared: zod().boolean() },
    attachment: attachment(),
  }),
);
/** A failure in JSON: its time is a text. */
const failure = lazily(() =>
  zod().looseObject({
    ...{ item: text(), code: text(), message: text(), number: zod().int32().optional() },
    ...{ attempts: zod().uint32(), nextTry: zod().iso.datetime() },
  }),
);
/** The fields that readers of a status rely on. A later version's status may have more. */
const form = lazily(() =>
  zod().looseObject({
    id: id(),
    request: id(),
    state: zod().enum(["INIT", "PENDING", "CREATED", "DEGRADED", "FAILED", "DELETED"]),
    missing: zod().array(zod().looseObject({ kind: text(), name: text(), text: text() })),
    reasons: zod().array(zod().looseObject({ code: text(), text: text(), remedy: text() })),
    failure: failure().optional(),
    metadata: zod().looseObject({
      ...{ id: id(), type: text(), interconnects: zod().array(interconnect()), caveats: zod().array(text()) },
    }),
  }),
);

/** Returns a status as JSON has it, with texts in place of dates; undefined if the value has another form. */
export function statusOfForm(value: unknown): PuntStatus | undefined {
  const { success } = checkShape(form(), value);
  if (!success) return undefined;
  const status = value as PuntStatus;
  const request = requestOf(status.request);
  return request && { ...status, request };
}

/** The status of a punt whose request could not be read has the punt's name in place of it. */
function requestOf(request: PuntStatus["request"]): PuntStatus["request"] | undefined {
  const isName = Object.keys(request).length === Object.keys(id().shape).length;
  try {
    return isName ? request : parseRequest(request);
  } catch {
    return undefined;
  }
}
