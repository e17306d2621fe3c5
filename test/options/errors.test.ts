// The error class of the package.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { native } from "../../lib/native.js";

test("an error has an operation, a code and a cause", (t) => {
  const cause = new Error("below");
  const error = new PuntError("memif.open", "EACCES", "/run/x.sock: Permission denied", { path: "/run/x.sock" }, cause);
  t.is(error.message, "memif.open: /run/x.sock: Permission denied");
  t.is(error.code, "EACCES");
  t.is(error.cause, cause);
});

test("the addon loads and knows the error class", (t) => {
  t.is(typeof native.initialize, "function");
});
