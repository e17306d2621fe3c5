// `vpp-punt module --stonework` as a user runs it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "ava";
import * as wire from "../../lib/stonework/wire.js";
import { cli, end, start } from "../support/cli/command.js";
import { callerOf } from "../support/stonework/caller.js";

test("the command announces itself, prints what StoneWork says of punts, and ends at a signal", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpp-punt-stonework-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const args = ["module", "--stonework", "--directory", directory, "--address", "127.0.0.1", "--json"];
  const program = start(args, { MICROSERVICE_LABEL: "dhcp" });
  const lines = createInterface(program.stdout!)[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  const caller = callerOf((await next()).grpc);
  t.teardown(() => caller.close());
  await caller.discovery.discoverCnf({ swIpAddress: "10.0.0.1", swGrpcPort: 9111, swHttpPort: 9191 });
  t.deepEqual(await next(), { event: "discovered", address: "10.0.0.1", grpcPort: 9111, httpPort: 9191 });
  const metadata = {
    id: { cnfMsLabel: "dhcp", key: "k" },
    interconnects: [{ id: { cnfSelector: "af-unix::/tmp/x" } }],
  };
  await caller.punts.updatePuntState({ metadata, state: wire.PuntState.INIT });
  t.like(await next(), { event: "punt", state: "INIT", id: { cnf: "dhcp", key: "k", label: "" } });
  t.deepEqual(await end(program), [0, null]);
});

test("the command names what is missing", async (t) => {
  const kind = await cli(["module", "--label", "x"]);
  t.regex(kind.stderr, /--stonework/);
  const label = await cli(["module", "--stonework"], { env: { MICROSERVICE_LABEL: "" } });
  t.not(label.status, 0);
  t.regex(label.stderr, /label/);
});
