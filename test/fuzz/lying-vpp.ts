// A manager whose VPP lies: its answers have the shape that the API promises, and wrong values.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import { EmulatedHost, MemoryStore, PuntManager } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { within } from "../stress/settling.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import type { Random } from "../support/vpp/sample-values.js";
import { type Message, tapped } from "../support/vpp/tapped.js";
import { refusable } from "./refusable.js";

const CARDS = ["if0", "if1", "if2", "if3"];
/** A call of the manager that takes longer hangs. */
const LONGEST_MS = 10_000;
const STEPS = 4;
/** One answer of so many is a lie. */
const RARITY = 4;

const NUMBERS = [0, 1, 2, 3, 0x7fff_ffff, 0xffff_ffff];
const TEXTS = ["", "if0", "vpp-punt", "vpp-punt:x", "a".repeat(63), "\u0000\u001b[2J", "../../x", "💥", "10.0.0.1/24"];

/** Returns another value of the same type. */
function another(value: unknown, random: Random): unknown {
  if (typeof value === "number") return random.pick(NUMBERS);
  if (typeof value === "bigint") return BigInt(random.pick(NUMBERS));
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return random.pick(TEXTS);
  if (value instanceof Uint8Array) return random.bytes(value.length);
  if (Array.isArray(value)) return random.below(2) === 0 ? [] : [...value, ...value];
  return value;
}

/** Returns a copy of an answer with one value changed, at any depth. */
function changed(answer: Message, random: Random): Message {
  const keys = typeof answer === "object" && answer !== null ? Object.keys(answer) : [];
  if (keys.length === 0 || answer instanceof Uint8Array) return another(answer, random);
  if (Array.isArray(answer) && random.below(4) === 0) return another(answer, random);
  const key = random.pick(keys);
  const value = changed(answer[key], random);
  return Array.isArray(answer) ? answer.with(Number(key), value) : { ...answer, [key]: value };
}

/** Takes one step of a CNF. */
async function step(manager: PuntManager, random: Random, folder: string): Promise<void> {
  const subject = random.below(CARDS.length / 2);
  const unique = random.below(3);
  const place = { cnf: `cnf${unique}`, interconnect: random.pick(["TAP", "MEMIF"] as const), subject, unique, folder };
  const request = puntOf(random.pick(puntTypes), place);
  const ways = [
    () => manager.add(request),
    () => manager.add(request),
    () => manager.delete(request),
    () => manager.resync(),
    () => manager.plan({ add: [request] }),
  ];
  await refusable(random.pick(ways));
  JSON.stringify(manager.list());
}

/** Runs a manager over a VPP that lies. It may refuse by name, and must neither throw something else nor hang. */
export async function lyingVpp(random: Random): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-fuzz-"));
  const vpp = await EmbeddedVpp.start({ directory: folder, interfaces: CARDS });
  const client = await Vpp.connect({ socketPath: vpp.apiSocket });
  let lies = true;
  const change = (answer: Message) => (lies && random.below(RARITY) === 0 ? changed(answer, random) : answer);
  const what = (name: string, work: Promise<unknown>) => within(name, LONGEST_MS, work);
  try {
    const manager = await PuntManager.start({
      ...{ vpp: tapped(client, { change }), host: new EmulatedHost(vpp), store: new MemoryStore() },
      ...{ memifDirectory: join(folder, "memif"), retry: { firstDelay: 5, longestDelay: 20 } },
    });
    try {
      for (let n = 0; n < STEPS; n++) await what("a call", step(manager, random, folder));
      lies = false;
      await what("a look at a VPP that is honest again", manager.resync());
    } finally {
      await what("the end of the manager", manager.close());
    }
  } finally {
    await client.close();
    await vpp.close();
    await rm(folder, { recursive: true, force: true });
  }
}
