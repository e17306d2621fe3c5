// `vpp-punt show`: everything about one punt.
import { idKey, idText } from "../../punt/index.js";
import { remedyFor } from "../ending/index.js";
import { json, paint, print, printable, stateColor, yaml } from "../output/index.js";
import type { ShownPunt } from "../punts/index.js";
import { look, type ManagedOptions, type Opened, required, withPunts } from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
}

const LONGEST_LOOK_MS = 10_000;

export async function run(
  cnf: string,
  key: string | undefined,
  label: string | undefined,
  options: Options,
): Promise<void> {
  await withPunts(options, { readOnly: true }, async (opened) => {
    const { id } = required("punt.show", await opened.punts.list(), [cnf, key, label]);
    const shown = (await look(opened, LONGEST_LOOK_MS)).find((punt) => idKey(punt.id) === idKey(id))!;
    const { output } = options;
    print(output === "json" ? json(shown) : output === "yaml" ? yaml(shown) : description(shown, isRepaired(opened)));
  });
}

/** A daemon tries again what failed. The manager of this command only looks. */
function isRepaired({ unseen }: Opened): boolean {
  return unseen === undefined;
}

/** A name, a colon and a value; lists and objects are indented below their name. */
function description({ id, state, reasons, failure, request, metadata }: ShownPunt, repaired: boolean): string {
  const { type, interconnect, cnf: _cnf, key: _key, label: _label, ...rest } = request;
  const color = stateColor(state);
  return [
    `Punt:          ${printable(idText(id))}`,
    `Type:          ${type}`,
    `Interconnect:  ${interconnect}`,
    `State:         ${color ? paint(color, state) : state}`,
    ...reasons.map((reason) => `Reason:        ${printable(reason)}`),
    ...(failure ? failureLines(failure, repaired) : []),
    "Request:",
    indented(rest),
    "Interconnects:",
    indented(metadata.interconnects.map(hidden)),
    ...(metadata.caveats?.length ? ["Caveats:", indented(metadata.caveats)] : []),
  ].join("\n");
}

function failureLines({ code, attempts, nextTry }: NonNullable<ShownPunt["failure"]>, repaired: boolean): string[] {
  const remedy = remedyFor({ op: "punt.reconcile", code, details: {} });
  return [
    ...(remedy ? [`Remedy:        ${remedy}`] : []),
    ...(repaired ? [`Attempts:      ${attempts}, the next one at ${nextTry.toISOString()}`] : []),
  ];
}

/** The text is for a person. A program takes the secret from JSON or YAML. */
function hidden(interconnect: ShownPunt["metadata"]["interconnects"][number]): object {
  const { attachment } = interconnect;
  return attachment.kind === "memif"
    ? { ...interconnect, attachment: { ...attachment, secret: "(hidden)" } }
    : interconnect;
}

function indented(value: unknown): string {
  return yaml(value).replace(/^/gm, "  ");
}
