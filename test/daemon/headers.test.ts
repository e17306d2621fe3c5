// Headers of callers that the daemon cannot read: the call is answered, and the daemon goes on.
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import test from "ava";
import { daemonTest } from "../support/daemon/daemon.js";

const PATH = "/vpp_punt.v1.Punts/Info";
const JSON_TYPE = { "content-type": "application/json" };
/** The name of the server, as callers may choose it: no port, an address of IPv6 without brackets as Node.js sends it, and no name at all. */
const NAMES = ["a:b:c", "::1:7443", "[", "localhost:99999", "%", " ", "\u00e9", "x".repeat(4_000)];

/** Sends a request of HTTP/1, and returns the answer's first line. */
async function answerTo(door: string | number, head: string): Promise<string> {
  const connection = connect(door as string).setEncoding("latin1");
  connection.write(
    `${head}\r\n${"content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n"}\r\n{}`,
    "latin1",
  );
  let text = "";
  for await (const part of connection) text += part as string;
  return text.split("\r\n", 1)[0]!;
}

test("an invalid server name does not end the daemon (HTTP/1)", async (t) => {
  const { socket } = await daemonTest(t);
  for (const name of NAMES)
    t.regex(await answerTo(socket, `POST ${PATH} HTTP/1.1\r\nhost: ${name}`), /^HTTP\/1\.1 (200|400) /, name);
  t.regex(await answerTo(socket, `POST ${PATH} HTTP/1.0`), /^HTTP\/1\.1 200 /, "without a name");
  t.regex(await answerTo(socket, `POST ${PATH}?a=%zz HTTP/1.1\r\nhost: x`), /^HTTP\/1\.1 200 /);
});

test("an invalid server name does not end the daemon (HTTP/2)", async (t) => {
  const { socket } = await daemonTest(t);
  const session = connectHttp2("http://localhost", { createConnection: () => connect(socket) });
  t.teardown(() => session.destroy());
  const statusOf = async (headers: object) => {
    const stream = session.request({ ":method": "POST", ":path": PATH, ...JSON_TYPE, ...headers });
    stream.on("error", () => {}).end("{}");
    // nghttp2 itself resets the stream for some of the names.
    const answer = await once(stream, "response").catch(() => [{ ":status": 400 }]);
    stream.resume();
    return answer[0][":status"] as number;
  };
  for (const name of NAMES) t.true([200, 400].includes(await statusOf({ ":authority": name })), name);
  t.is(await statusOf({ ":authority": "::1:7443" }), 200);
  t.true([200, 400].includes(await statusOf({ "x-name": "\u20ac" })));
  t.is(await statusOf({}), 200);
});

test("an invalid path gets status 404 at the HTTP door", async (t) => {
  const { daemon } = await daemonTest(t, { http: { port: 0 } });
  const port = Number(daemon.httpAddress!.split(":")[1]);
  for (const [target, status] of [
    ["//[", 404],
    ["http://[", 404],
    ["/livez?now", 200],
    ["http://elsewhere/livez", 200],
  ] as const)
    t.regex(await answerTo(port, `GET ${target} HTTP/1.1\r\nhost: x`), new RegExp(`^HTTP/1\\.1 ${status} `), target);
});
