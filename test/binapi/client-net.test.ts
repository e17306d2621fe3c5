// The client's tests over node:net, in a process that can't load the addon.
import test from "ava";

process.env.VPP_PUNT_PREBUILD = "/nonexistent";
await import("../support/vpp/client-suites.js");

test("without the addon, everything else throws the reason at its first use", async (t) => {
  const { Memif } = await import("../../lib/index.js");
  const { Vpp } = await import("../../lib/binapi/index.js");
  const refusal = { code: "ERR_ADDON_UNAVAILABLE", message: /no binary of this package fits here/ };
  t.throws(() => Memif.open({ socket: "/nonexistent/memif.sock", role: "client" }), refusal);
  await t.throwsAsync(Vpp.connect({ transport: "vapi" }), refusal);
  const { collectInfo } = await import("../../lib/cli/commands/info.js");
  const { addon, engines, transports } = await collectInfo("/nonexistent/api.sock");
  t.false(addon.loaded);
  t.false(engines.builtin.available);
  t.deepEqual(transports.socket, { available: true, by: "node:net" });
});
