// A module that no StoneWork is connected to writes its file again: StoneWork looks at a module once for each time.
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { StoneWorkModule } from "../../lib/stonework/index.js";
import { callerOf } from "../support/stonework/caller.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const DISCOVER = { swIpAddress: "10.0.0.1", swGrpcPort: 9111, swHttpPort: 9191 };

test("StoneWork that starts while the module is out of reach finds it later", async (t) => {
  const directory = temporaryFolder(t);
  const options = { label: "mycnf", directory, address: "127.0.0.1", host: "127.0.0.1", pingInterval: 200 };
  const module = await StoneWorkModule.start(options);
  t.teardown(() => module.close());
  const file = join(directory, "discovery", "mycnf.pid");
  const version = () => statSync(file, { bigint: true }).mtimeNs;
  const again = async (before: bigint) => {
    while (version() === before) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  // No StoneWork has greeted it yet.
  await again(version());
  const first = callerOf(module.ports.grpc);
  await first.discovery.discoverCnf(DISCOVER);
  t.true(module.isConnected);
  const ended = once(module, "disconnected");
  first.close();
  await ended;
  await again(version());
  const second = callerOf(module.ports.grpc);
  t.teardown(() => second.close());
  await second.discovery.discoverCnf(DISCOVER);
  t.true(module.isConnected);
});
