// The client and the statistics on a real VPP, also over its restarts.
import { setTimeout as delay } from "node:timers/promises";
import { Vpp } from "../../lib/binapi/client.js";
import { VppStats } from "../../lib/binapi/stats/stats.js";
import type { PuntError } from "../../lib/errors.js";
import { heapAfterGc } from "../support/machine/heap.js";
import { need } from "../support/need.js";
import { startVpp } from "../support/vpp/real.js";

const real = need("root", "vpp").test;

/** How often the test kills VPP. A hundred times take minutes. */
const KILLS = Number(process.env.VPP_PUNT_KILLS ?? 3);
const IN_FLIGHT = 10_000;

real("VPP killed with 10,000 requests in flight: every promise settles once, and the memory is freed", async (t) => {
  const server = await startVpp();
  t.teardown(() => server.stop());
  const vpp = await Vpp.connect({
    socketPath: server.apiSocket,
    window: 2 * IN_FLIGHT,
    reconnect: { min: 10, max: 50 },
  });
  t.teardown(() => vpp.close());
  const heap: number[] = [];
  for (let round = 0; round < KILLS; round++) {
    let settled = 0;
    const calls = Array.from({ length: IN_FLIGHT }, () =>
      vpp.call("control_ping").then(
        () => void settled++,
        (error: PuntError) => {
          settled++;
          return error.code;
        },
      ),
    );
    await delay(round % 3);
    const killed = server.kill();
    const codes = await Promise.all(calls);
    await killed;
    t.is(settled, IN_FLIGHT);
    t.deepEqual(
      [...new Set(codes)].filter((code) => code !== undefined && code !== "ERR_DISCONNECTED"),
      [],
    );
    t.is(vpp.waiting, 0);
    await server.start();
    await vpp.connected();
    heap.push(heapAfterGc());
  }
  t.log(`heap after each kill: ${heap.map((mb) => mb.toFixed(1)).join(" ")} MB`);
  t.true(heap.at(-1)! < heap[0]! + 5);
});

real("the whole schema from the running VPP, and from its files, is the same", async (t) => {
  const server = await startVpp();
  t.teardown(() => server.stop());
  const vpp = await Vpp.connect({ socketPath: server.apiSocket });
  t.teardown(() => vpp.close());
  t.is((await vpp.call("show_version")).program, "vpe");
  t.true(vpp.has("bridge_domain_dump"), "a message that is not built in");
  const { sw_if_index } = await vpp.call("create_loopback", { mac_address: "02:00:00:00:00:07" });
  await vpp.call("sw_interface_add_del_address", { sw_if_index, is_add: true, del_all: false, prefix: "10.7.0.1/24" });
  const addresses = await vpp.dumpAll("ip_address_dump", { sw_if_index, is_ipv6: false });
  t.deepEqual(addresses, [{ sw_if_index, prefix: "10.7.0.1/24" }]);
  const error = await t.throwsAsync<PuntError>(vpp.call("delete_loopback", { sw_if_index: 4711 }));
  t.is(error!.code, "VPP_INVALID_SW_IF_INDEX");
});

real("several clients in one process get their own answers and events", async (t) => {
  const server = await startVpp();
  t.teardown(() => server.stop());
  const clients = await Promise.all(
    Array.from({ length: 5 }, (_, i) =>
      Vpp.connect({ socketPath: server.apiSocket, name: `client-${i}`, schema: "builtin" }),
    ),
  );
  const events = await Promise.all(
    clients.map((vpp) => vpp.subscribe("want_interface_events", {}, "sw_interface_event")),
  );
  const made = await Promise.all(
    clients.map((vpp) => vpp.call("create_loopback", { mac_address: "00:00:00:00:00:00" })),
  );
  t.is(new Set(made.map((one) => one.sw_if_index)).size, 5);
  await clients[0]!.call("sw_interface_set_flags", {
    sw_if_index: made[0]!.sw_if_index,
    flags: ["IF_STATUS_API_FLAG_ADMIN_UP"],
  });
  for (const one of events) {
    for await (const event of one) if (event.sw_if_index === made[0]!.sw_if_index) break;
  }
  t.regex(await server.cli("show api clients"), /client-4/);
  await Promise.all(clients.map((vpp) => vpp.close()));
  t.notRegex(await server.cli("show api clients"), /client-/);
});

real("VPP outlives clients that come and go, several at once", async (t) => {
  const server = await startVpp();
  t.teardown(() => server.stop());
  const { pid } = server;
  for (let round = 0; round < 20; round++) {
    const connecting = Array.from({ length: 5 }, () =>
      Vpp.connect({ socketPath: server.apiSocket, schema: "builtin" }),
    );
    const clients = await Promise.all(connecting);
    await Promise.all(clients.map((vpp) => vpp.close()));
  }
  t.regex(await server.cli("show version"), /vpp v/);
  t.is(server.pid, pid);
});

real("statistics follow VPP over a restart", async (t) => {
  const server = await startVpp();
  t.teardown(() => server.stop());
  const stats = await VppStats.open({ socketPath: server.statsSocket });
  t.teardown(() => stats.close());
  await server.cli("create loopback interface");
  const names = (await stats.read("/if/names")).get("/if/names");
  t.deepEqual(names?.type === "names" && names.names, ["local0", "loop0"]);
  t.true((await stats.list("/err/*")).length > 100);
  const all = await stats.read();
  t.is(all.size, (await stats.list()).length);
  await server.kill();
  const gone = await t.throwsAsync<PuntError>(stats.read("/if/names"));
  t.is(gone!.code, "ERR_DISCONNECTED");
  await server.start();
  const after = (await stats.read("/if/names")).get("/if/names");
  t.deepEqual(after?.type === "names" && after.names, ["local0"]);
});

real("statistics are read while VPP changes its interfaces all the time", async (t) => {
  const server = await startVpp();
  t.teardown(() => server.stop());
  const vpp = await Vpp.connect({ socketPath: server.apiSocket, schema: "builtin" });
  const stats = await VppStats.open({ socketPath: server.statsSocket });
  t.teardown(async () => {
    stats.close();
    await vpp.close();
  });
  let running = true;
  const churn = (async () => {
    while (running) {
      const made = await Promise.all(
        Array.from({ length: 20 }, () => vpp.call("create_loopback", { mac_address: "00:00:00:00:00:00" })),
      );
      await Promise.all(made.map(({ sw_if_index }) => vpp.call("delete_loopback", { sw_if_index })));
    }
  })();
  for (let i = 0; i < 200; i++) {
    const read = await stats.read("/if/names", "/if/rx", "/interfaces/*");
    const names = read.get("/if/names");
    t.true(names?.type === "names" && names.names[0] === "local0");
    const links = [...read.keys()].filter((name) => name.startsWith("/interfaces/loop"));
    for (const link of links) t.regex(link, /^\/interfaces\/loop\d+\//);
  }
  running = false;
  await churn;
});
