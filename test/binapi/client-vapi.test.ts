// The client's tests over libvapiclient in its socket mode, if the addon was built with such a library.
import test from "ava";
import { native } from "../../lib/native.js";

if (native.buildInfo().vapiSocket) {
  process.env.VPP_PUNT_TEST_TRANSPORT = "vapi";
  await import("../support/vpp/client-suites.js");
} else {
  test.skip("the client's tests over libvapiclient [skipped: no libvapiclient with a socket mode in this build]", (t) =>
    t.pass());
}
