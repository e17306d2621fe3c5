// The daemon's log holds no secret, wherever in a field it is.
import { Writable } from "node:stream";
import test from "ava";
import pino from "pino";
import { logOptions } from "../../lib/cli/output/log.js";
import { PuntError } from "../../lib/errors.js";

/** Logs by `write`, and returns the text of the lines. */
function logged(write: (log: pino.Logger) => void): string {
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  write(pino(logOptions(pino), stream));
  return text;
}

const SECRET = "k3pt-f0r-th3-cnf";
const metadata = { interconnects: [{ attachment: { kind: "memif", socket: "/run/x.sock", id: 0, secret: SECRET } }] };

test("a secret is left out of a field, of a punt's metadata, and of an error's details and cause", (t) => {
  const cause = new PuntError("binapi.call", "VPP_UNSPECIFIED", "VPP answered", { fields: { secret: SECRET } });
  const error = new PuntError("punt.add", "ERR_FAILED", "it failed", { status: { metadata } }, cause);
  const text = logged((log) => {
    log.info({ secret: SECRET, punts: [{ metadata }], password: SECRET }, "a punt");
    log.error({ err: error }, error.message);
  });
  t.false(text.includes(SECRET), text);
  const [info, failure] = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.is(info.secret, "[Redacted]");
  t.like(info.punts[0].metadata.interconnects[0].attachment, { socket: "/run/x.sock", secret: "[Redacted]" });
  t.like(failure.err, { code: "ERR_FAILED", op: "punt.add" });
  t.regex(failure.err.message, /it failed/);
});

test("fields without secrets stay as they are, and a value that refers to itself is cut", (t) => {
  const loop: Record<string, unknown> = { name: "loop" };
  loop.self = loop;
  const text = logged((log) => log.info({ addresses: ["/run/a.sock"], http: undefined, loop, empty: null }, "here"));
  t.like(JSON.parse(text), { addresses: ["/run/a.sock"], empty: null, msg: "here" });
});
