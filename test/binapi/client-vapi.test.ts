// The client's tests over libvapiclient in its socket mode, where the addon was built with it.
import test from "ava";
import { native } from "../../lib/native.js";

if (native.buildInfo().vapi) {
  process.env.VPP_PUNT_TEST_TRANSPORT = "vapi";
  await import("../support/vpp/client-suites.js");
} else {
  test.skip("the client's tests over libvapiclient [skipped: not in this build]", (t) => t.pass());
}
