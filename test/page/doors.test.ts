// The doors to the page: its headers, requests that are not its own, and the identity of a caller.
import { execFile as execFileCallback } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { request as secureRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Daemon } from "../../lib/daemon/index.js";
import { Certificates } from "../support/daemon/certificates.js";
import { need } from "../support/need.js";
import { pageTest, REQUESTS } from "../support/page.js";

const execFile = promisify(execFileCallback);

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly socketPath?: string;
  readonly body?: string;
}

/** Asks as a browser does, which chooses its headers itself. */
function ask(origin: string, { body, ...question }: Question): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  const where = question.socketPath === undefined ? { host: hostname.replace(/^\[|\]$/g, ""), port } : {};
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, ...question }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    asked.on("error", reject).end(body);
  });
}

const { test } = need("page");

const CALL = { method: "POST", path: "/vpp_punt.v1.Punts/List", body: "{}" };
const JSON_TYPE = { "content-type": "application/json" };

test("the page has a strict content policy, and files that a browser may keep", async (t) => {
  const { origin } = await pageTest(t);
  const { status, headers, body } = await ask(origin, { path: "/" });
  t.is(status, 200);
  const policy = headers["content-security-policy"] as string;
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
  ])
    t.true(policy.split("; ").includes(part), part);
  t.notRegex(policy, /unsafe|\*|http/);
  t.is(headers["x-content-type-options"], "nosniff");
  t.is(headers["cache-control"], "no-cache");
  t.notRegex(body, /<script>|style=| on\w+=|https?:/);
  const files = [...body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, name]) => name!);
  t.is(files.length, 3);
  for (const name of files) {
    const file = await ask(origin, { path: `/${name}` });
    t.is(file.status, 200);
    t.regex(file.headers["cache-control"] as string, /immutable/);
    t.notRegex(file.body, /sourceMappingURL/);
  }
  t.is((await ask(origin, { path: "/../package.json" })).status, 404);
  t.is((await ask(origin, { path: "/", method: "HEAD" })).body, "");
});

test("requests that another site makes a browser send are refused, and the audit log has them", async (t) => {
  const { origin, socket } = await pageTest(t);
  await t.throwsAsync(Daemon.start({ page: { host: "0.0.0.0", port: 0 } }), {
    code: "ERR_OPTION",
    message: /page.host must be one of/,
  });
  await t.throwsAsync(Daemon.start({ page: { port: -1 } }), { code: "ERR_OPTION" });
  const { host, port } = new URL(origin);
  const own = { host, ...JSON_TYPE };
  const foreign: Record<string, string>[] = [
    { ...own, host: `rebound.example:${port}` },
    { ...own, origin: "http://other.example" },
    { ...own, origin: "http://127.0.0.1:1" },
    { ...own, origin: "null" },
    { ...own, "sec-fetch-site": "cross-site" },
    { ...own, "sec-fetch-site": "same-site" },
  ];
  for (const headers of foreign) t.is((await ask(origin, { ...CALL, headers })).status, 403, JSON.stringify(headers));
  for (const headers of foreign.map((each) => ({ ...each, host: each.host!.replace(/:\d+/, "") })).slice(1))
    t.is((await ask(origin, { ...CALL, headers, socketPath: socket })).status, 403, JSON.stringify(headers));
  t.is((await ask(origin, { path: "/", headers: { host: "rebound.example" } })).status, 403);
  // A form sends no JSON.
  t.is((await ask(origin, { ...CALL, headers: { host, "content-type": "text/plain" } })).status, 415);
  for (const headers of [
    own,
    { ...own, origin },
    { ...own, host: `localhost:${port}` },
    { ...own, origin, "sec-fetch-site": "same-origin" },
  ])
    t.is((await ask(origin, { ...CALL, headers })).status, 200, JSON.stringify(headers));
  t.is((await ask(origin, { path: "/", socketPath: socket })).status, 200);
});

test("refusals are in the audit log, and a daemon without the option has no page", async (t) => {
  const audited = await pageTest(t, { audit: join(tmpdir(), `vpp-punt-page-audit-${process.pid}.log`) });
  await ask(audited.origin, { path: "/", headers: { host: "rebound.example" } });
  await audited.daemon.close();
  const file = join(tmpdir(), `vpp-punt-page-audit-${process.pid}.log`);
  t.teardown(() => rm(file, { force: true }));
  t.regex(await readFile(file, "utf8"), /"call":"page","decision":"refused".*rebound\.example/);
  const without = await pageTest(t, { page: undefined as never });
  t.is(without.daemon.pageAddress, undefined);
  t.not((await ask("http://localhost", { path: "/", socketPath: without.socket })).status, 200);
});

const asNobody = need("root", "curl", "page").test;
const NOBODY = 65_534;

async function curlAs(uid: number, url: string, data: string) {
  const args = ["--silent", "--header", "content-type: application/json", "--data", data, url];
  const { stdout } = await execFile("curl", args, { uid, gid: uid, timeout: 20_000 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

asNobody(
  "the kernel says who is at the port: another user sees its own punts, without the right to change them",
  async (t) => {
    const { origin, punts } = await pageTest(t);
    await punts.add(REQUESTS[0]!);
    await punts.add({ ...REQUESTS[0]!, cnf: `u${NOBODY}.own`, vppInterface: "eth1" } as never);
    const call = (name: string, data = "{}") => curlAs(NOBODY, `${origin}/vpp_punt.v1.Punts/${name}`, data);
    t.like(await call("Info"), { caller: `page uid ${NOBODY}`, readOnly: true });
    const { punts: seen } = (await call("List")) as { punts: { id: { cnf: string }; metadata: object }[] };
    t.deepEqual(
      seen.map(({ id }) => id.cnf),
      ["own"],
    );
    t.notRegex(JSON.stringify(seen), /secret/);
    t.regex(String((await call("Delete", '{"id":{"cnf":"own"}}')).message), /does not allow/);
    t.is((await punts.list()).length, 2);
  },
);

asNobody("a policy's rules for a user hold at the port, and its rules for groups and sockets do not", async (t) => {
  const policy = join(tmpdir(), `vpp-punt-page-policy-${process.pid}.yaml`);
  t.teardown(() => rm(policy, { force: true }));
  const rules = [
    `{ name: admins, match: { uid: 0 }, operator: true }`,
    `{ name: looks, match: { uid: ${NOBODY} }, operator: true, readOnly: true }`,
    `{ name: group, match: { gid: ${NOBODY} }, operator: true }`,
    `{ name: socket, match: { socket: "*" }, operator: true }`,
  ];
  await writeFile(policy, `rules:\n${rules.map((rule) => `  - ${rule}\n`).join("")}`);
  const { origin, punts } = await pageTest(t, { policy });
  await punts.add(REQUESTS[0]!);
  const info = await curlAs(NOBODY, `${origin}/vpp_punt.v1.Punts/Info`, "{}");
  t.like(info, { operator: true, readOnly: true });
  t.deepEqual(info.rules, ["looks"]);
});

test("the door with certificates serves the page to the owner of one, under any name of the certificate", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-page-tls-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const certificates = new Certificates(folder);
  certificates.makeCa("ca");
  for (const name of ["daemon.example", "ops.example"]) certificates.make(name, "ca");
  const policy = join(folder, "policy.yaml");
  await writeFile(policy, "rules: [{ name: ops, match: { san: ops.example }, operator: true, readOnly: true }]\n");
  const pem = (name: string) => ({ cert: certificates.path(`${name}.pem`), key: certificates.path(`${name}.key`) });
  const tls = { host: "127.0.0.1", port: 0, ...pem("daemon.example"), ca: certificates.path("ca.pem") };
  const { daemon } = await pageTest(t, { policy, tls, page: {} });
  t.is(daemon.pageAddress, undefined);
  const address = daemon.addresses.at(-1)!;
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "ops.example.pem", "ops.example.key"].map((name) => readFile(certificates.path(name))),
  );
  const askTls = (path: string, headers: Readonly<Record<string, string>>, body?: string) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const where = { host: "127.0.0.1", port: address.split(":")[1], servername: "daemon.example" };
      const method = body === undefined ? "GET" : "POST";
      const asked = secureRequest({ ...where, ca, cert, key, path, method, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part) => (text += part));
        response.on("end", () => resolve({ status: response.statusCode!, body: text }));
      });
      asked.on("error", reject).end(body);
    });
  t.regex((await askTls("/", { host: "daemon.example" })).body, /<title>vpp-punt/);
  const own = { host: "daemon.example", origin: "https://daemon.example", ...JSON_TYPE };
  const info = await askTls("/vpp_punt.v1.Punts/Info", own, "{}");
  t.like(JSON.parse(info.body), { caller: "tls ops.example,127.0.0.1", readOnly: true });
  t.is((await askTls("/vpp_punt.v1.Punts/Info", { ...own, origin: "https://other.example" }, "{}")).status, 403);
});
