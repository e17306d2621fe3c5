// The VPP of a host, in the host's namespace, with objects of an operator that no daemon may touch. Its parent has it killed.
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { on } from "node:events";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Vpp } from "../../../lib/binapi/index.js";
import { EmbeddedVpp } from "../../../lib/sim/index.js";
import { frame, udpPacket } from "../../support/frames.js";
import { startVpp } from "../../support/vpp/real.js";
import { makeForeign } from "./foreign.js";

/** A request of the parent. */
export type VppOrder =
  | { readonly kill: number }
  | { readonly send: string; readonly ports: readonly number[] }
  | { readonly end: true };

interface RunningVpp {
  readonly apiSocket: string;
  kill(downMs: number): Promise<void>;
  send(port: number, text: string): Promise<void> | void;
  end(): Promise<void>;
}

const ADDRESS = "10.0.0.1";
const NEIGHBOR = "10.0.0.9";

async function embedded(directory: string): Promise<RunningVpp> {
  const exec = ["set interface state eth0 up", `set interface ip address eth0 ${ADDRESS}/24`];
  const vpp = await EmbeddedVpp.spawn({ directory, interfaces: ["eth0", "eth1"], exec, host: "linux" });
  const link = { from: "02:aa:00:00:00:01", to: "02:fc:00:00:00:01" };
  const packet = (port: number, text: string) =>
    frame(link, udpPacket({ from: NEIGHBOR, to: ADDRESS }, [40_000, port], text));
  return {
    apiSocket: vpp.apiSocket,
    async kill(downMs) {
      await vpp.kill();
      await sleep(downMs);
      await vpp.start();
    },
    send: (port, text) => vpp.inject("eth0", packet(port, text)).catch(() => {}),
    end: () => vpp.close(),
  };
}

/** The real VPP has its folder of its own; the host's API socket is a link to that VPP's. */
async function real(directory: string): Promise<RunningVpp> {
  execFileSync("ip", ["link", "add", "wire", "type", "veth", "peer", "name", "vppwire"]);
  for (const words of ["link set vppwire up", "link set wire up", `addr add ${NEIGHBOR}/24 dev wire`])
    execFileSync("ip", words.split(" "));
  execFileSync("ethtool", ["-K", "wire", "tx", "off"], { stdio: "ignore" });
  const vpp = await startVpp();
  const configure = () =>
    vpp.configure(
      "create host-interface name vppwire hw-addr 02:fc:00:00:00:01",
      "set interface state host-vppwire up",
      "set interface mtu packet 1500 host-vppwire",
      `set interface ip address host-vppwire ${ADDRESS}/24`,
    );
  await configure();
  const apiSocket = join(directory, "api.sock");
  symlinkSync(vpp.apiSocket, apiSocket);
  symlinkSync(vpp.statsSocket, join(directory, "stats.sock"));
  const socket = createSocket("udp4");
  return {
    apiSocket,
    async kill(downMs) {
      await vpp.kill();
      await sleep(downMs);
      await vpp.start();
      await configure();
    },
    send: (port, text) => socket.send(text, port, ADDRESS),
    async end() {
      socket.close();
      rmSync(apiSocket);
      await vpp.stop();
      // VPP leaves the file of the operator's memif behind.
      rmSync(join(directory, "operator.sock"), { force: true });
    },
  };
}

const { directory, isReal } = JSON.parse(process.argv[2]!) as { directory: string; isReal: boolean };
process.on("disconnect", () => process.exit());
// From the start, so that none is lost.
const orders = on(process, "message");
const vpp = await (isReal ? real : embedded)(directory);

async function operate(): Promise<void> {
  await using client = await Vpp.connect({ socketPath: vpp.apiSocket, wait: 60_000, reconnect: false });
  await makeForeign(client, directory);
}

await operate();
process.send!({ ready: vpp.apiSocket });
for await (const [order] of orders as AsyncIterable<[VppOrder]>) {
  if ("kill" in order) {
    await vpp.kill(order.kill);
    await operate();
    process.send!({ ready: vpp.apiSocket });
  } else if ("send" in order) for (const port of order.ports) await vpp.send(port, order.send);
  else break;
}
await vpp.end();
process.exit(0);
