// The form of a status that comes from etcd: another version's daemon wrote it, or another program.
import { lazily, zod } from "../lazily.js";
import { knownRequest, type PuntStatus } from "../punt/index.js";
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
    state: text(),
    missing: zod().array(zod().looseObject({ kind: text(), name: text(), text: text() })),
    reasons: zod().array(zod().looseObject({ code: text(), text: text(), remedy: text() })),
    failure: failure().optional(),
    metadata: zod().looseObject({
      ...{ id: id(), type: text(), interconnects: zod().array(zod().looseObject({})), caveats: zod().array(text()) },
    }),
  }),
);

/**
 * Returns a status as JSON has it, with texts in place of dates; undefined if the value has another form. A state of a later version stays
 * as it is. The punt's name stands for a request that this version does not know, and interconnects are left out.
 */
export function statusOfForm(value: unknown): PuntStatus | undefined {
  const { success } = checkShape(form(), value);
  if (!success) return undefined;
  const { metadata, ...status } = value as PuntStatus;
  const { success: isKnown } = checkShape(zod().array(interconnect()), metadata.interconnects);
  const interconnects = isKnown ? metadata.interconnects : [];
  return { ...status, request: knownRequest(status.request), metadata: { ...metadata, interconnects } };
}
