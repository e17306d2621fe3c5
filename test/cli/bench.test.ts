// `vpp-punt bench`: it measures something, and leaves nothing behind.
import test from "ava";
import { cli } from "../support/cli/command.js";

test("bench counts packets and requests", async (t) => {
  const { status, stdout } = await cli(["bench", "--duration", "1000", "--json"]);
  t.is(status, 0);
  const { results } = JSON.parse(stdout) as { results: { subject: string; count: number }[] };
  t.deepEqual(
    results.map(({ subject }) => subject),
    ["memif", "punt socket", "binary API"],
  );
  for (const { subject, count } of results) t.true(count > 0, subject);
});

test("bench --only measures one part", async (t) => {
  const { stdout } = await cli(["bench", "--duration", "50", "--only", "api"]);
  t.regex(stdout, /^SUBJECT +A SECOND +GBIT\/S +NS EACH\nbinary API +\d+ requests +\d+\n$/);
  const wrong = await cli(["bench", "--only", "cpu"]);
  t.is(wrong.status, 2);
  t.regex(wrong.stderr, /Allowed choices are memif, socket, api/);
});
