// need() itself: what runs, and what it says of what is missing.
import test from "ava";
import { need } from "./need.js";

need("sh").test("a test runs if its program is present", (t) => t.is(need("sh").reason, undefined));

test("the reason of a skipped test names everything that is missing", (t) => {
  t.is(need("sh", "no-such-program", "nor-this-one").reason, "no-such-program is not here, nor-this-one is not here");
});

test("a plugin of VPP, and its oldest release, can be needed", (t) => {
  t.regex(need("plugin:no-such-plugin").reason!, /^VPP has no plugin no-such-plugin$/);
  const { reason } = need("vpp>=99.02");
  t.regex(reason!, /not 99\.02 or newer|is not here/);
});
