// Which requests are the page's own: no other site may make a browser ask the daemon.
import test from "ava";
import { isOfBrowser, objectionTo } from "../../lib/daemon/page/guard.js";

const asked = (method: string, headers: object, isTls = false) => objectionTo({ method, headers, isTls } as never);

test("without TLS the page is at the names of this machine only, by either name of the header", (t) => {
  for (const host of ["127.0.0.1:9191", "localhost", "LOCALHOST:1", "[::1]:9191"]) {
    t.is(asked("GET", { host }), undefined, host);
    t.is(asked("GET", { ":authority": host }), undefined, host);
  }
  for (const host of ["evil.example:9191", "localhost.evil.example", "xlocalhost", "127.0.0.1:9191x"])
    t.regex(asked("GET", { host })!, new RegExp(`^the page is at .*, not at "${host}"$`));
  t.regex(asked("GET", { host: "evil.example", ":authority": "localhost" })!, /not at "evil\.example"/);
  t.regex(asked("GET", {})!, /not at ""/);
  t.is(asked("GET", { host: "daemon.example" }, true), undefined);
});

test("another site may read nothing by a request that changes", (t) => {
  const host = "localhost:9191";
  for (const method of ["GET", "HEAD"]) t.is(asked(method, { host, origin: "http://evil.example" }), undefined);
  t.is(asked("POST", { host }), undefined);
  t.is(asked("POST", { host, origin: "http://localhost:9191", "sec-fetch-site": "same-origin" }), undefined);
  for (const origin of ["http://evil.example", "https://localhost:9191", "http://localhost:1", "null"])
    t.is(asked("POST", { host, origin }), `another site asks: ${origin}`);
  for (const site of ["cross-site", "same-site", "none"])
    t.is(asked("POST", { host, "sec-fetch-site": site }), `another site asks: ${site}`);
  t.is(asked("POST", { host: "d.example", origin: "https://d.example" }, true), undefined);
  t.is(asked("POST", { host: "d.example", origin: "http://d.example" }, true), "another site asks: http://d.example");
});

test("only a browser sends the headers of a page", (t) => {
  t.false(isOfBrowser({ host: "localhost" }));
  t.true(isOfBrowser({ origin: "http://localhost" }));
  t.true(isOfBrowser({ "sec-fetch-site": "none" }));
});
