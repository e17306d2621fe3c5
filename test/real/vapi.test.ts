// libvapiclient on a real VPP, over shared memory.
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/client.js";
import { VapiTransport } from "../../lib/binapi/vapi-transport.js";
import type { PuntError } from "../../lib/errors.js";
import { native } from "../../lib/native.js";
import { need } from "../support/need.js";
import { type RealVpp, startVpp } from "../support/vpp/real.js";

const { vapi: present, vapiSocket } = native.buildInfo();
const real = need("root", "vpp").test;
const skip = (title: string) => test.skip(`${title} [skipped: libvapiclient is not in this build]`, (t) => t.pass());
const over: typeof real.serial = present ? real.serial : skip;

/** Connects over the shared memory of `vpp`. Its prefix is the name of VPP's folder. */
async function connect(t: ExecutionContext, vpp: RealVpp): Promise<Vpp> {
  const transport = new VapiTransport({ prefix: basename(vpp.directory) });
  const client = await Vpp.connect({ transport, reconnect: { min: 20, max: 100 } });
  t.teardown(() => client.close());
  return client;
}

async function start(t: ExecutionContext): Promise<RealVpp> {
  const vpp = await startVpp();
  t.teardown(() => vpp.stop());
  return vpp;
}

const ALL = { name_filter_valid: false, name_filter: "" };

over("shared memory gives the same answers as the socket, with every message that VPP has", async (t) => {
  const vpp = await start(t);
  const shared = await connect(t, vpp);
  const socket = await Vpp.connect({ socketPath: vpp.apiSocket });
  t.teardown(() => socket.close());
  const clients = [shared];
  if (vapiSocket) clients.push(await Vpp.connect({ socketPath: vpp.apiSocket, transport: "vapi" }));
  t.teardown(() => clients[1]?.close());
  for (const client of clients) {
    await client.call("create_loopback", { mac_address: "00:00:00:00:00:00" });
    t.deepEqual(await client.call("show_version", {}), await socket.call("show_version", {}));
    t.deepEqual(await client.dumpAll("sw_interface_dump", ALL), await socket.dumpAll("sw_interface_dump", ALL));
    // show_threads is not built in: get_api_json defines it, and the library finds its id by name.
    t.is((await client.call("show_threads", {})).count, (await socket.call("show_threads", {})).count);
  }
});

over("over the API socket the library of a VPP before 24.06 is refused by name", async (t) => {
  const vpp = await start(t);
  const error: PuntError | undefined = await Vpp.connect({ socketPath: vpp.apiSocket, transport: "vapi" }).then(
    (client) => void client.close(),
    (reason) => reason,
  );
  t.is(error?.code, vapiSocket ? undefined : "ERR_NOT_BUILT");
  if (error) t.regex(error.message, /older than VPP 24\.06 and speaks shared memory only/);
});

over("10,000 requests in flight through VPP's queue of 1,024", async (t) => {
  const client = await connect(t, await start(t));
  const replies = await Promise.all(Array.from({ length: 10_000 }, () => client.call("control_ping", {})));
  t.is(replies.length, 10_000);
});

over("a second client through shared memory in one process is refused by name", async (t) => {
  const vpp = await start(t);
  await connect(t, vpp);
  const transport = new VapiTransport({ prefix: basename(vpp.directory) });
  const error = await t.throwsAsync<PuntError>(Vpp.connect({ transport }));
  t.is(error!.code, "EBUSY");
});

over("a client through shared memory that has been closed makes room for the next one", async (t) => {
  const vpp = await start(t);
  for (let i = 0; i < 5; i++) {
    const client = await connect(t, vpp);
    await client.call("control_ping", {});
    t.regex(await vpp.cli("show api clients"), /vpp-punt/);
    await client.close();
    while (/vpp-punt/.test(await vpp.cli("show api clients"))) await delay(20);
  }
  t.pass();
});

over("the client notices VPP's death and finds the next VPP", async (t) => {
  const vpp = await start(t);
  const client = await connect(t, vpp);
  const lost = new Promise<PuntError>((resolve) => client.once("disconnected", resolve));
  const pending = client.call("control_ping", {}).catch((error: PuntError) => error.code);
  await vpp.kill();
  t.is((await lost).code, "ERR_DISCONNECTED");
  await pending;
  const again = new Promise<void>((resolve) => client.once("connected", resolve));
  await vpp.start();
  await again;
  t.is((await client.call("show_version", {})).program, "vpe");
});

over("a process that ends without a close unregisters, and a process that blocks stays registered", async (t) => {
  const vpp = await start(t);
  const script = `
    const { Vpp, VapiTransport } = await import(${JSON.stringify(new URL("../../lib/binapi/index.js", import.meta.url).href)});
    const vpp = await Vpp.connect({ transport: new VapiTransport({ prefix: ${JSON.stringify(basename(vpp.directory))} }), schema: "builtin" });
    await vpp.call("control_ping", {});
    // VPP sends a keepalive to a silent client every 10 s, and drops the client after the second one without an answer.
    const until = Date.now() + 25_000;
    while (Date.now() < until);
    await vpp.call("control_ping", {});
    process.exit(0);`;
  const args = ["--input-type=module", "-e", script];
  await delay(0);
  t.is(spawnSync(process.execPath, args, { stdio: "inherit", timeout: 60_000 }).status, 0);
  t.notRegex(vpp.log(), /keepalive|dead client/i);
});
