import test from "ava";
import { need } from "./need.js";

need("sh").test("a test whose program is there runs", (t) => t.is(need("sh").reason, undefined));

test("the reason names everything that is missing", (t) => {
  t.is(need("sh", "no-such-program", "nor-this-one").reason, "no-such-program is not here, nor-this-one is not here");
});
