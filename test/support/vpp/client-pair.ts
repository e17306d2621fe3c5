// A client and the fake VPP that it is connected to.
import type { ExecutionContext } from "ava";
import { Vpp, type VppOptions } from "../../../lib/binapi/client.js";
import type { PuntError } from "../../../lib/errors.js";
import { type FakeOptions, FakeVpp } from "./fake.js";

export { until } from "../until.js";

/** The suites run once more over libvapiclient: client-vapi.test.ts. */
export const transport = process.env.VPP_PUNT_TEST_TRANSPORT === "vapi" ? "vapi" : "socket";

export async function pair(
  t: ExecutionContext,
  options: VppOptions = {},
  fake: FakeOptions = {},
): Promise<[FakeVpp, Vpp]> {
  const server = await new FakeVpp().listen(fake);
  const vpp = await Vpp.connect({
    transport,
    socketPath: server.socketPath,
    schema: "builtin",
    reconnect: { min: 5, max: 20 },
    ...options,
  });
  t.teardown(async () => {
    await vpp.close();
    server.close();
  });
  return [server, vpp];
}

export async function code(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error("resolved"),
    (reason: PuntError) => reason,
  );
  return (error as PuntError).code;
}
