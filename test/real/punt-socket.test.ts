// Punt socket and injection against a real VPP, with its packet generator as the network.
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { PuntAction, PuntInjector, type PuntSocket } from "../../lib/punt-socket/index.js";
import { need } from "../support/need.js";
import { open, until } from "../support/punt-socket/peer.js";
import { type RealVpp, startVpp } from "../support/vpp/real.js";

const real = need("root", "vpp").test.serial;
const PORT = 5000;

/** Starts a VPP with two packet-generator interfaces: pg0 (10.0.0.1/24) and pg1 (10.0.1.1/24, with a neighbor .2). */
async function start(t: ExecutionContext): Promise<{ vpp: RealVpp; api: Vpp }> {
  const vpp = await startVpp();
  t.teardown(() => vpp.stop());
  await configure(vpp);
  const api = await Vpp.connect({ socketPath: vpp.apiSocket });
  t.teardown(() => api.close());
  return { vpp, api };
}

async function configure(vpp: RealVpp): Promise<void> {
  for (const i of [0, 1]) {
    await vpp.configure(
      `create packet-generator interface pg${i}`,
      `set interface state pg${i} up`,
      `set interface ip address pg${i} 10.0.${i}.1/24`,
    );
  }
  await vpp.configure("set ip neighbor pg1 10.0.1.2 02:00:00:00:00:02");
}

async function interfaces(api: Vpp): Promise<Map<string, { index: number; mac: string }>> {
  const details = await api.dumpAll("sw_interface_dump", {
    sw_if_index: 0xffffffff,
    name_filter_valid: false,
    name_filter: "",
  });
  return new Map(details.map((d) => [d.interface_name, { index: d.sw_if_index, mac: d.l2_address }]));
}

/** Registers the socket for UDP to the port. Returns the path of VPP's own socket. */
async function register(api: Vpp, socket: PuntSocket): Promise<string> {
  const l4 = { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: PORT } as const;
  const punt = { type: "PUNT_API_TYPE_L4", punt: { l4 } } as const;
  const reply = await api.call("punt_socket_register", { header_version: 1, punt, pathname: socket.path });
  return reply.pathname;
}

/** Sends packets into pg0: UDP to the port, with bytes that count up. */
async function generate(vpp: RealVpp, name: string, mac: string, packets: number, rate: number): Promise<void> {
  const data = `IP4: 02:00:00:00:00:01 -> ${mac} UDP: 10.0.0.2 -> 10.0.0.1 UDP: 1000 -> ${PORT} length 30 checksum 0 incrementing 22`;
  const stream = `name ${name} limit ${packets} rate ${rate} size 64-64 interface pg0 node ethernet-input`;
  await vpp.cli(`packet-generator new { ${stream} data { ${data} } }`);
  await vpp.cli(`packet-generator enable-stream ${name}`);
}

/** Returns VPP's counters of its punt socket: packets that it sent, and packets that it failed to send. */
async function counted(vpp: RealVpp): Promise<{ sent: number; failed: number }> {
  const lines = (await vpp.cli("show errors")).split("\n").filter((line) => line.includes("ip4-udp-punt-socket"));
  const count = (error: boolean) =>
    lines
      .filter((line) => /TX[ _]?error/i.test(line) === error)
      .reduce((sum, line) => sum + Number.parseInt(line.trim(), 10), 0);
  return { sent: count(false), failed: count(true) };
}

real(
  "VPP punts UDP to the socket: every packet that it counts as sent arrives, bytes and interface right",
  async (t) => {
    const { vpp, api } = await start(t);
    let received = 0;
    const socket = open(t, {
      path: join(vpp.directory, "client"),
      vppPath: vpp.puntSocket,
      onBatch: (batch) => {
        for (let i = 0; i < batch.length; i++) {
          received++;
          const right = batch.swIfIndex(i) === pg0.index && batch.byteLength(i) === 64 && batch.u16(i, 36) === PORT;
          if (!right || batch.u8(i, 63) !== 21) t.fail(Buffer.from(batch.copy(i)).toString("hex"));
        }
      },
    });
    const pg0 = (await interfaces(api)).get("pg0")!;
    t.is(await register(api, socket), vpp.puntSocket);
    t.true(socket.stats().connected);
    await generate(vpp, "some", pg0.mac, 10_000, 20_000);
    await until(() => received > 0);
    let counts = await counted(vpp);
    while (counts.sent + counts.failed < 10_000) counts = await counted(vpp);
    await until(() => received === counts.sent);
    t.log(`VPP sent ${counts.sent}, failed to send ${counts.failed}`);
    t.is(socket.stats().packets, counts.sent);
  },
);

real(
  "injected packets leave the right interface, as they are or routed; an unknown interface is never sent",
  async (t) => {
    const { vpp, api } = await start(t);
    const known = await interfaces(api);
    const indexes = new Set([...known.values()].map(({ index }) => index));
    const injector = PuntInjector.open({ vppPath: vpp.puntSocket, knownInterfaces: indexes });
    t.teardown(() => injector.close());
    const pg1 = known.get("pg1")!.index;
    // A UDP packet from 10.0.0.9 to 10.0.1.2, and the same packet as a frame.
    const ip = Buffer.from("4500001c000100004011649f0a0000090a000102000700090008000000", "hex").subarray(0, 28);
    const frame = Buffer.concat([Buffer.from("0200000000020200000000010800", "hex"), ip]);
    await vpp.cli("clear interfaces");
    t.true(injector.inject(PuntAction.L2, pg1, frame));
    await untilTransmitted(vpp, 1);
    t.true(injector.inject(PuntAction.IP4_ROUTED, known.get("pg0")!.index, ip));
    await untilTransmitted(vpp, 2);
    t.throws(() => injector.inject(PuntAction.L2, 4_000_000_000, frame), { code: "ERR_UNKNOWN_INTERFACE" });
    t.regex(await vpp.cli("show version"), /vpp v/);
  },
);

/** Resolves when pg1 has sent this number of packets. */
async function untilTransmitted(vpp: RealVpp, packets: number): Promise<void> {
  const sent = async () => Number(/tx packets\s+(\d+)/.exec(await vpp.cli("show interface pg1"))?.[1] ?? 0);
  while ((await sent()) !== packets);
}

real("after a restart of VPP the socket is connected to the new one", async (t) => {
  const { vpp, api } = await start(t);
  let received = 0;
  const socket = open(t, {
    path: join(vpp.directory, "client"),
    vppPath: vpp.puntSocket,
    onBatch: (batch) => {
      received += batch.length;
    },
  });
  const back = new Promise<void>((resolve) => api.once("connected", resolve));
  await vpp.restart("SIGKILL");
  await configure(vpp);
  await back;
  t.true(socket.reconnect());
  await register(api, socket);
  await generate(vpp, "few", (await interfaces(api)).get("pg0")!.mac, 100, 1000);
  await until(() => received === 100);
  t.deepEqual(await counted(vpp), { sent: 100, failed: 0 });
});
