// The page's port and its handler, with calls and files that the test plays.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { callerOf, type DoorRequest, type Handler } from "../../lib/daemon/doors/index.js";
import { openPageDoor } from "../../lib/daemon/doors/page.js";
import type { Caller } from "../../lib/daemon/identity.js";
import type { PageFile } from "../../lib/daemon/page/files.js";
import { loadPage, withPage } from "../../lib/daemon/page/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

const PAGE: Caller = { kind: "page", uid: 2001 };

async function door(
  t: ExecutionContext,
  handler: Handler,
  callerAt: (socket: Socket) => Promise<Caller> = async () => PAGE,
) {
  const opened = await openPageDoor({ port: 0 }, handler, callerAt);
  t.teardown(() => opened.close());
  return opened;
}

test("a request at the page's port has the caller whom the kernel tells", async (t) => {
  const seen: unknown[] = [];
  const opened = await door(t, (request: DoorRequest, response) => {
    seen.push([callerOf(request), request.url]);
    response.end("hello");
  });
  t.regex(opened.path, /^127\.0\.0\.1:\d+$/);
  const answer = await fetch(`http://${opened.path}/a`);
  t.deepEqual([answer.status, await answer.text()], [200, "hello"]);
  t.deepEqual(seen, [[PAGE, "/a"]]);
});

test("a connection whose user cannot be told is ended, and nothing is answered", async (t) => {
  const opened = await door(
    t,
    () => t.fail("a request came in"),
    () => Promise.reject(new Error("no table")),
  );
  await t.throwsAsync(fetch(`http://${opened.path}/a`));
});

test("the port is free after its door is closed, also with a connection that is open", async (t) => {
  const opened = await door(t, () => {});
  const [host, port] = opened.path.split(":") as [string, string];
  const socket = connect(Number(port), host).on("error", () => {});
  await once(socket, "connect");
  const closed = once(socket, "close");
  await opened.close();
  await closed;
  await t.throwsAsync(fetch(`http://${opened.path}/`));
});

const FILE: PageFile = { type: "text/html; charset=utf-8", body: Buffer.from("<p>"), isFixed: false };
const FIXED: PageFile = { type: "text/javascript; charset=utf-8", body: Buffer.from("1;"), isFixed: true };

/** A handler of the page, over a port of the given caller. */
async function paged(t: ExecutionContext, caller: Caller | undefined = PAGE) {
  const calls: string[] = [];
  const refused: unknown[] = [];
  const handler = withPage(
    (request, response) => {
      calls.push(`${request.method} ${request.url}`);
      response.end("called");
    },
    {
      files: new Map([
        ["/", FILE],
        ["/x-1a.js", FIXED],
      ]),
      refused: (who, reason) => void refused.push([who, reason]),
    },
  );
  const opened = await door(t, handler, async () => caller as Caller);
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://${opened.path}${path}`, init);
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  };
  return { ask, calls, refused, origin: `http://${opened.path}` };
}

test("the files of the page are served with their types, and browsers may keep files with fixed names", async (t) => {
  const { ask, calls } = await paged(t);
  for (const path of ["/", "/?a=1"]) {
    const { status, text, headers } = await ask(path);
    t.deepEqual([status, text, headers.get("content-type")], [200, "<p>", FILE.type]);
    t.is(headers.get("cache-control"), "no-cache");
    t.is(headers.get("content-length"), "3");
  }
  const fixed = await ask("/x-1a.js");
  t.deepEqual([fixed.text, fixed.headers.get("content-type")], ["1;", FIXED.type]);
  t.is(fixed.headers.get("cache-control"), "public, max-age=31536000, immutable");
  const head = await ask("/x-1a.js", { method: "HEAD" });
  t.deepEqual([head.status, head.text, head.headers.get("content-length")], [200, "", "2"]);
  const missing = await ask("/none");
  t.deepEqual([missing.status, missing.text], [404, "there is no such file\n"]);
  t.deepEqual(calls, []);
});

test("every answer keeps other sites out of the page", async (t) => {
  const { ask } = await paged(t);
  for (const path of ["/", "/none"]) {
    const { headers } = await ask(path);
    const policy = headers.get("content-security-policy")!.split("; ");
    for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
      t.true(policy.includes(rule), rule);
    t.true(policy.includes("require-trusted-types-for 'script'") && policy.includes("trusted-types 'none'"));
    t.deepEqual(
      ["cross-origin-opener-policy", "cross-origin-resource-policy", "referrer-policy"].map((name) =>
        headers.get(name),
      ),
      ["same-origin", "same-origin", "no-referrer"],
    );
    t.deepEqual(
      ["x-content-type-options", "x-frame-options"].map((name) => headers.get(name)),
      ["nosniff", "DENY"],
    );
  }
  const { headers } = await ask("/none");
  t.deepEqual([headers.get("content-type"), headers.get("cache-control")], ["text/plain; charset=utf-8", "no-store"]);
});

test("a call goes on to the daemon, unless another site makes the browser send it", async (t) => {
  const { ask, calls, refused, origin } = await paged(t);
  t.is((await ask("/List", { method: "POST" })).text, "called");
  t.is((await ask("/List", { method: "POST", headers: { origin } })).text, "called");
  t.deepEqual(calls, ["POST /List", "POST /List"]);
  const other = await ask("/List", { method: "POST", headers: { origin: "http://evil.example" } });
  t.deepEqual([other.status, other.text], [403, "another site asks: http://evil.example\n"]);
  t.is(calls.length, 2);
  t.deepEqual(refused, [[PAGE, "another site asks: http://evil.example"]]);
});

test("a program's call at a socket is judged by no header, and a browser's is", async (t) => {
  const caller: Caller = { kind: "unix", uid: 1, gid: 1, pid: 0, groups: [], socket: "/a" };
  const { ask, calls, refused } = await paged(t, caller);
  t.is((await ask("/List", { method: "POST" })).text, "called");
  const other = await ask("/List", { method: "POST", headers: { origin: "http://evil.example" } });
  t.is(other.status, 403);
  t.deepEqual([calls.length, refused.length], [1, 1]);
});

test("the page that was built has its start and fixed files", async (t) => {
  const files = await loadPage();
  t.like(files.get("/"), { type: "text/html; charset=utf-8", isFixed: false });
  t.false(files.has("/index.html"));
  const others = [...files].filter(([path]) => path !== "/");
  t.true(others.length > 0);
  for (const [path, { isFixed, body, type }] of others) {
    t.true(isFixed && body.length > 0, path);
    t.is(type.startsWith("text/javascript"), path.endsWith(".js"), path);
  }
});

test("a daemon serves the page at its port if an option says so, and notes the callers that it refuses", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-page-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const audit = join(folder, "audit.log");
  const { daemon } = await daemonTest(t, { page: { port: 0 }, audit });
  const address = `http://${daemon.pageAddress}/`;
  const page = await fetch(address);
  t.deepEqual([page.status, page.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
  t.deepEqual(Buffer.from(await page.arrayBuffer()), (await loadPage()).get("/")!.body);
  const refused = await fetch(address, { method: "POST", headers: { origin: "http://evil.example" } });
  t.is(refused.status, 403);
  await daemon.close();
  const entries = readFileSync(audit, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ call }) => call === "page");
  t.is(entries.length, 1);
  t.like(entries[0], {
    ...{ caller: `page uid ${process.getuid!()}`, decision: "refused", code: "ERR_POLICY" },
    message: "another site asks: http://evil.example",
  });
});

/** The status of the page at a UNIX socket. */
async function statusAt(socketPath: string): Promise<number | undefined> {
  const [answer] = (await once(get({ socketPath, path: "/", agent: false }), "response")) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

test("the page is at the daemon's UNIX socket too, and nowhere without the option", async (t) => {
  const paged = await daemonTest(t, { page: { port: 0 } });
  t.is(await statusAt(paged.socket), 200);
  const without = await daemonTest(t);
  t.is(without.daemon.pageAddress, undefined);
  t.is(await statusAt(without.socket), 404);
});
