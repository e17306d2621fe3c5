// A container engine whose answers are damaged: what it lists, says of a container and tells as an event.
import { mkdtemp, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../../lib/containers/engine.js";
import { within } from "../stress/settling.js";
import { CONTAINER, EVENT, end, ID, listen } from "../support/containers/engine.js";
import type { Random } from "../support/vpp/sample-values.js";
import { damagedText } from "./mutate.js";
import { refusable } from "./refusable.js";

/** A question that takes longer hangs. */
const LONGEST_MS = 5_000;
const STATUSES = [200, 200, 200, 200, 204, 301, 404, 500];

/** Answers with damaged text, in one piece or two, or breaks off. */
function answer(good: unknown, response: ServerResponse, random: Random): void {
  const text = `${damagedText(JSON.stringify(good), random)}\n`;
  const cut = random.below(text.length + 1);
  response.writeHead(random.pick(STATUSES));
  response.write(text.slice(0, cut));
  if (random.below(8) === 0) response.destroy();
  else response.end(text.slice(cut));
}

async function idsOf(events: AsyncIterable<string | undefined>): Promise<(string | undefined)[]> {
  const ids = [];
  for await (const id of events) ids.push(id);
  return ids;
}

/** Puts all questions to an engine that lies. They may be refused by name, and must neither throw something else nor hang. */
export async function lyingEngine(random: Random): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-fuzz-"));
  const path = join(folder, "engine.sock");
  const server = await listen(path, ({ url = "" }, response) => {
    const good = url.includes("/events") ? EVENT : url.endsWith("/containers/json") ? [{ Id: ID }] : CONTAINER;
    answer(good, response, random);
  });
  const engine = new Engine(path);
  const { signal } = new AbortController();
  try {
    const ask = (what: string, work: () => Promise<unknown>) =>
      within(
        what,
        LONGEST_MS,
        refusable(async () => void JSON.stringify(await work())),
      );
    await ask("the list of containers", () => engine.running(signal));
    await ask("a container", () => engine.inspect(ID, signal));
    await ask("the events", () => idsOf(engine.events(signal)));
  } finally {
    await end(server);
    await rm(folder, { recursive: true, force: true });
  }
}
