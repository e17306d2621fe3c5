// `vpp-punt wait`: waits until punts are in a state.
import { setTimeout as sleep } from "node:timers/promises";
import { PuntError } from "../../errors.js";
import { idText } from "../../punt/index.js";
import { interrupted, interruption } from "../ending/index.js";
import { print } from "../output/index.js";
import {
  explainRemedy,
  identityOf,
  lasting,
  look,
  type ManagedOptions,
  type Opened,
  type ShownPunt,
  sayUnseen,
  standingText,
  statusText,
  withPunts,
} from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly cnf?: string;
  readonly for: string;
  readonly timeout: number;
}

type Arguments = [cnf: string | undefined, key: string | undefined, label: string | undefined, options: Options];

const LISTS = "`vpp-punt list` shows the punts there are";
/** How often VPP is looked at. */
const LOOK_MS = 200;
/** The least time for one look, so that a short wait still says what is missing. */
const LEAST_LOOK_MS = 5_000;

export async function run(...[cnf, key, label, options]: Arguments): Promise<void> {
  const { for: state, timeout, output } = options;
  if (cnf !== undefined && options.cnf !== undefined)
    throw new PuntError(
      "punt.wait",
      "ERR_USAGE",
      "a punt and --cnf are two ways to name punts: one of them is expected",
    );
  const name = cnf === undefined ? undefined : idText(identityOf(cnf, key, label));
  const deadline = performance.now() + timeout;
  const cut = interrupted().then((by) => {
    throw interruption(by, "nothing was changed");
  });
  cut.catch(() => {});
  await withPunts(options, { readOnly: true }, async (opened) => {
    let away: PuntError | undefined;
    const lookOn = lasting(
      () => look(opened, Math.max(timeout, LEAST_LOOK_MS), options.cnf),
      (error) => {
        away = error;
      },
    );
    for (;;) {
      const found = await Promise.race([lookOn(), cut]);
      const wanted = name === undefined ? found : found?.filter(({ id }) => isNamed(id, name));
      if (wanted && isReached(wanted, state, name)) {
        print(statusText(wanted, output));
        return name === undefined ? sayUnseen(opened) : undefined;
      }
      if (performance.now() > deadline) throw wanted ? await late(wanted, options, name, opened) : away;
      await Promise.race([sleep(LOOK_MS), cut]);
    }
  });
}

/** `cnf` names all punts of that CNF, `cnf/key` one. */
function isNamed(id: ShownPunt["id"], name: string): boolean {
  const text = idText(id);
  return text === name || text.startsWith(`${name}/`);
}

/** A punt that is gone is DELETED. */
function isReached(punts: readonly ShownPunt[], state: string, name: string | undefined): boolean {
  if (state === "DELETED") return punts.length === 0;
  return (name === undefined || punts.length > 0) && punts.every((punt) => punt.state === state);
}

async function late(
  punts: readonly ShownPunt[],
  { for: state, timeout }: Options,
  name: string | undefined,
  { unseen }: Opened,
): Promise<PuntError> {
  const others = punts.filter((punt) => punt.state !== state);
  const text = punts.length === 0 ? `there is no punt ${name}` : standingText(others);
  const remedy = others[0] ? explainRemedy(others[0]) : ((await unseen?.())?.remedy ?? LISTS);
  const message = `not ${state} within ${timeout} ms: ${text}`;
  return new PuntError("punt.wait", "ERR_NOT_READY", message, { timeout, remedy });
}
