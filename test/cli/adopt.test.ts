// `vpp-punt adopt`, run as a program: it shows what it would take, and takes it with --yes.
import test from "ava";
import { site } from "../support/cli/command.js";

const DNS =
  "{ type: PUNT_TO_SOCKET, cnf: dns, toHost: { af: IPV4, protocol: UDP, port: 53 }, socketPath: /run/dns.sock }";

test("a registration that another manager made is shown, and taken with --yes", async (t) => {
  const vpp = await site(t);
  const file = await vpp.file([DNS]);
  t.is((await vpp.punts("apply", file)).status, 0);
  // The same VPP, and a store that knows nothing.
  const store = ["--store", `${file}.adopted.json`];
  const refused = await vpp.punts("apply", file, ...store);
  t.regex(refused.stderr, /ERR_FOREIGN/);
  const empty = ["--store", `${file}.fresh.json`];
  const shown = await vpp.punts("adopt", file, ...empty);
  t.is(shown.status, 0, shown.stderr);
  t.regex(
    shown.stdout,
    /^~ punt-socket\/l4\/IPV4\/53 .*\n1 to take, 1 to make, 0 to delete\. Nothing is changed without --yes\.$/ms,
  );
  const taken = await vpp.punts("adopt", file, "--yes", ...empty);
  t.is(taken.status, 0, taken.stderr);
  t.regex(taken.stdout, /^Done: 1 taken, 1 made, 0 deleted\.$/m);
  const listed = JSON.parse((await vpp.punts("list", "--json", ...empty)).stdout);
  t.is(listed.punts[0].state, "CREATED");
});
