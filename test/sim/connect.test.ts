// Clients of the embedded VPP's API socket.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { NEWEST_RELEASE } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { need } from "../support/need.js";
import { ApiClient } from "../support/vpp/api-client.js";
import { PYTHON, papiEnvironment } from "../support/vpp/papi.js";

test("a client connects, pings, asks for the version, and finds every message it needs in the table", async (t) => {
  await using vpp = await EmbeddedVpp.start();
  const client = await ApiClient.connect(vpp.apiSocket);
  t.is((await client.call("control_ping")).retval, 0);
  const version = await client.call("show_version");
  t.true((version.version as string).startsWith(NEWEST_RELEASE));
  for (const name of ["memif_create_v2", "abx_policy_add_del", "lcp_osi_proto_enable", "punt_socket_register"]) {
    t.true(client.ids.has(name), name);
  }
  t.is(vpp.clients, 1);
  client.close();
});

test("an older release lacks messages of later ones", async (t) => {
  await using vpp = await EmbeddedVpp.start({ release: "23.06" });
  const client = await ApiClient.connect(vpp.apiSocket, "23.06");
  t.regex((await client.call("show_version")).version as string, /^23\.06/);
  t.true(client.ids.has("memif_create_v2"));
  for (const name of ["get_api_json", "lcp_itf_pair_add_del_v3", "lcp_osi_proto_enable"]) {
    t.false(client.ids.has(name), name);
  }
  client.close();
});

test("plugins can be absent", async (t) => {
  await using vpp = await EmbeddedVpp.start({ withoutPlugins: ["abx", "isisx"] });
  const client = await ApiClient.connect(vpp.apiSocket);
  t.false([...client.ids.keys()].some((name) => name.startsWith("abx_") || name.startsWith("isisx_")));
  t.true(client.ids.has("abf_policy_add_del"));
  client.close();
});

test("its folder is gone after close, and so is everything that was connected", async (t) => {
  const vpp = await EmbeddedVpp.start();
  const client = await ApiClient.connect(vpp.apiSocket);
  t.true(existsSync(vpp.puntSocket!));
  const closed = new Promise((resolve) => client.socket.once("close", resolve));
  await vpp.close();
  await closed;
  t.false(existsSync(vpp.directory));
  await vpp.close();
});

test("a path on which a process listens is refused", async (t) => {
  await using vpp = await EmbeddedVpp.start();
  const error = await t.throwsAsync(EmbeddedVpp.start({ apiSocket: vpp.apiSocket }), { code: "EADDRINUSE" });
  t.true(error.message.includes(vpp.apiSocket));
});

test("a file on the path is not taken for a socket", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpp-sim-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "file");
  writeFileSync(path, "mine");
  const error = await t.throwsAsync(EmbeddedVpp.start({ apiSocket: path }), { code: "EEXIST", instanceOf: PuntError });
  t.true(error.message.includes(path));
  t.is(readFileSync(path, "utf8"), "mine");
});

test("a path in a missing folder is refused by name", async (t) => {
  const path = "/nonexistent/api.sock";
  const error = await t.throwsAsync(EmbeddedVpp.start({ apiSocket: path }), { code: "ENOENT", instanceOf: PuntError });
  t.true(error.message.includes(path));
});

const papi = `
import sys
from vpp_papi import VPPApiClient
client = VPPApiClient(server_address=sys.argv[1], use_socket=True, bootstrapapi=True)
client.connect("test")
print(client.api.show_version().version)
loop = client.api.create_loopback()
client.api.sw_interface_add_del_address(sw_if_index=loop.sw_if_index, is_add=True, prefix="10.0.0.1/24")
print(client.api.ip_address_dump(sw_if_index=loop.sw_if_index)[0].prefix)
print(len(client.api.sw_interface_dump()))
client.disconnect()
`;

need("papi", "vpp>=24.06").test("VPP's own Python client connects, learning every definition from it", async (t) => {
  await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  const { stdout } = await promisify(execFile)(PYTHON, ["-c", papi, vpp.apiSocket], {
    env: papiEnvironment(),
    timeout: 30_000,
  });
  t.deepEqual(stdout.trim().split("\n"), [`${NEWEST_RELEASE}-embedded`, "10.0.0.1/24", "3"]);
});
