// Three CNFs in three processes share an interface by way of a daemon: a monitor sees everything, two services answer.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Daemon } from "vpp-punt/daemon";
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

const [, , cnf, socket] = process.argv;
if (cnf === undefined) await main();
else await runCnf(cnf, socket!);

/** A CNF's own program, in a process of its own. */
async function runCnf(name: string, daemon: string): Promise<void> {
  process.on("disconnect", () => process.exit());
  const request =
    name === "monitor"
      ? ({ cnf: name, type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", direction: "rx" } as const)
      : { cnf: name, udp: name === "dns" ? 53 : 123 };
  const punt = await openPunt(request, { socket: daemon, lifetime: "session" });
  await punt.ready({ timeout: 30_000 });
  process.send!("ready");
  for await (const packet of punt.packets()) {
    process.send!(`${name} got a datagram to port ${packet.destination?.port}`);
    if (name === "monitor" || !packet.payload) continue;
    try {
      packet.reply(Buffer.from(name));
    } catch (error) {
      console.warn(`${error}`); // it went to a group
    }
  }
}

async function main(): Promise<void> {
  await using vpp = await EmbeddedVpp.start({
    interfaces: [{ name: "eth0", mac: "02:fe:00:00:00:01" }],
    exec: ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"],
  });
  const path = `${vpp.directory}/manager.sock`;
  const folders = {
    socketDirectory: `${vpp.directory}/sockets`,
    manager: { memifDirectory: `${vpp.directory}/memif` },
  };
  await using _daemon = await Daemon.start({ socket: path, vppSocket: vpp.apiSocket, ...folders });
  const cnfs = ["monitor", "dns", "ntp"].map((name) => fork(fileURLToPath(import.meta.url), [name, path]));
  await Promise.all(cnfs.map((each) => once(each, "message")));

  // The embedded VPP learns of a connection a little later than the CNF.
  do await sleep(1);
  while (!(await vpp.interfaces()).slice(1).every(({ linkUp }) => linkUp));
  const told: string[] = [];
  const done = new Promise<void>((resolve) => {
    for (const each of cnfs) each.on("message", (text) => told.push(String(text)) === 4 && resolve());
  });
  vpp.interface("eth0").inject([datagram(53), datagram(123)]);
  await done;
  console.log(told.sort().join("\n"));
  for (const each of cnfs) each.disconnect();
  await Promise.all(cnfs.map((each) => once(each, "exit")));
}

/** A frame with a UDP datagram from 10.0.0.2 to a port of 10.0.0.1. */
function datagram(port: number): Uint8Array {
  const head = [0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0x66, 0xcd, 10, 0, 0, 2, 10, 0, 0, 1];
  const udp = [0x30, 0x39, 0, port, 0, 10, 0, 0, 0x68, 0x69];
  return Uint8Array.from([2, 254, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...head, ...udp]);
}
