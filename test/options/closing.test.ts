// Every call of `close` waits for the same end: the second does not resolve before the first.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { DescriptorServer } from "../../lib/descriptor/index.js";
import { openPunt } from "../../lib/module/index.js";
import { PuntManager } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { StoneWorkModule } from "../../lib/stonework/index.js";
import { testPunt } from "../../lib/testing/index.js";

interface Closable {
  close(): Promise<void>;
}

interface Surroundings {
  readonly folder: string;
  readonly sim: EmbeddedVpp;
  readonly vpp: Vpp;
}

const CLASSES: Readonly<Record<string, (around: Surroundings) => Closable | Promise<Closable>>> = {
  PuntManager: ({ vpp }) => PuntManager.start({ vpp, owner: "closing" }),
  OpenPunt: ({ sim }) =>
    openPunt({ cnf: "cnf1", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" }, { vpp: sim }),
  Vpp: ({ vpp }) => vpp,
  EmbeddedVpp: () => EmbeddedVpp.start(),
  SpawnedVpp: () => EmbeddedVpp.spawn(),
  TestPunt: () => testPunt({ type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" }),
  DescriptorServer: ({ folder }) =>
    DescriptorServer.listen(join(folder, "door.sock"), () => ({ bytes: new Uint8Array() })),
  StoneWorkModule: ({ folder }) =>
    StoneWorkModule.start({ label: "cnf1", address: "127.0.0.1", directory: folder, grpcPort: 0, httpPort: 0 }),
};

for (const [name, open] of Object.entries(CLASSES)) {
  test(`a second close of ${name} ends with the first`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "vpp-punt-"));
    t.teardown(() => rmSync(folder, { recursive: true }));
    await using sim = await EmbeddedVpp.start({ interfaces: ["eth0"] });
    await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
    const closable = await open({ folder, sim, vpp });
    const ended = closable.close();
    t.is(closable.close(), ended);
    await ended;
    await closable.close();
  });
}
