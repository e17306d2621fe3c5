// A daemon's metrics, as Prometheus reads them, while a monitor receives packets.
import { setTimeout as sleep } from "node:timers/promises";
import { Daemon } from "vpp-punt/daemon";
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
const socket = `${vpp.directory}/manager.sock`;
const folders = { socketDirectory: `${vpp.directory}/sockets`, manager: { memifDirectory: `${vpp.directory}/memif` } };
// A real daemon is a process of its own: `vpp-punt daemon --http 9473`.
await using daemon = await Daemon.start({ socket, vppSocket: vpp.apiSocket, http: { port: 0 }, ...folders });

const request = { cnf: "monitor", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", direction: "rx" } as const;
await using monitor = await openPunt(request, { socket });
await monitor.ready({ timeout: 10_000 });
const received = new Promise<void>((resolve) => {
  monitor.receive(() => resolve());
});
// The embedded VPP learns of a connection a little later than the CNF.
do await sleep(1);
while (!(await vpp.interfaces()).slice(1).every(({ linkUp }) => linkUp));
vpp.interface("eth0").inject(new Uint8Array(64).fill(0xff));
await received;

const packets = /^vpp_punt_packets_total\{.*direction="to_cnf"\} [1-9]/m;
let text = "";
while (!packets.test(text)) text = await (await fetch(`http://${daemon.httpAddress}/metrics`)).text();
for (const line of text.split("\n")) if (/^vpp_punt_(punts|packets|vpp)/.test(line)) console.log(line);
