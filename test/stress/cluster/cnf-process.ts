// A CNF of the cluster: asks for its punts by the module, and tells its parent their states and the packets that come.
import { type OpenPunt, openPunt } from "../../../lib/module/index.js";
import type { CnfJob, CnfWord } from "./cnf.js";

const tell = (word: CnfWord) => void process.send?.(word);

process.on("disconnect", () => process.exit());
const { requests, socket } = JSON.parse(process.argv[2]!) as CnfJob;

async function follow(punt: OpenPunt, index: number): Promise<void> {
  for await (const { payload } of punt.packets()) if (payload) tell({ index, seen: Buffer.from(payload).toString() });
}

const punts = await Promise.all(
  requests.map(async (request, index) => {
    const punt = await openPunt(request, { socket, daemon: true });
    const say = () => tell({ index, state: punt.status.state, reasons: punt.status.reasons.map(({ text }) => text) });
    punt.on("status", say);
    say();
    follow(punt, index).catch((error: Error) => tell({ index, state: "failed", reasons: [error.message] }));
    return punt;
  }),
);
process.once("SIGTERM", async () => {
  for (const punt of punts) await punt.close();
  process.exit(0);
});
