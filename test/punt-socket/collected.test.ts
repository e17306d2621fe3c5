// Closed ports are collected, with their memory: nothing in the addon refers to them any more.
import { join } from "node:path";
import test from "ava";
import { PuntInjector, PuntSocket } from "../../lib/punt-socket/index.js";
import { collect } from "../support/machine/heap.js";
import { socketFolder } from "../support/punt-socket/peer.js";
import { until } from "../support/until.js";

const ports = {
  PuntSocket: (folder: string) => PuntSocket.open({ path: join(folder, "client"), vppPath: null, onWarning: () => {} }),
  PuntInjector: (folder: string) => PuntInjector.open({ vppPath: join(folder, "vpp"), knownInterfaces: new Set([1]) }),
};

for (const [name, open] of Object.entries(ports)) {
  test.serial(`a closed ${name} is collected`, async (t) => {
    const folder = socketFolder(t);
    let collected = 0;
    const registry = new FinalizationRegistry(() => collected++);
    const openAndClose = () => {
      const port = open(folder);
      registry.register(port, undefined);
      port.close();
    };
    for (let count = 0; count < 50; count++) openAndClose();
    await until(() => {
      collect();
      // The engine may keep the last ones in its registers.
      return collected >= 45;
    });
    t.pass();
  });
}
