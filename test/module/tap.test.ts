// openPunt over a TAP with a manager of its own: the frames of the device reach the program, and leave by it.
import { join } from "node:path";
import { LinuxHost } from "../../lib/host/index.js";
import { openPunt } from "../../lib/module/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { question } from "../support/daemon/traffic.js";
import { need } from "../support/need.js";
import { Host } from "../support/packet-socket/wire.js";

need("root", "netns", "setpriv", "tun").test("frames of a TAP in a namespace come and go", async (t) => {
  const exec = ["set interface state eth0 up", "set interface state eth1 up"];
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0", "eth1"], exec, host: "linux" });
  t.teardown(() => vpp.close());
  const cnf = new Host(t);
  const punt = await openPunt(
    {
      ...{ cnf: "wire", type: "HAIRPIN_XCONNECT", interconnect: "TAP", netns: { path: cnf.path } },
      ...{ vppInterface1: "eth0", vppInterface2: "eth1" },
    },
    {
      ...{ daemon: false, vppSocket: vpp.apiSocket, socketDirectory: join(vpp.directory, "sockets") },
      manager: {
        ...{ host: new LinuxHost(), memifDirectory: join(vpp.directory, "memif"), resyncInterval: 500 },
        owner: `test-${process.pid}`,
      },
    },
  );
  t.teardown(() => punt.close());
  punt.receive((batch, interconnect) => {
    for (let i = 0; i < batch.length; i++) punt.send(batch.copy(i), { interconnect: 1 - interconnect });
  });
  await punt.ready({ timeout: 30_000 });
  t.true(
    punt.ports.every((port) => port.kind === "tap" && port.packets !== undefined),
    "ready: the frames are open",
  );
  const wanted = question(9, "through the program");
  const isThere = () =>
    vpp
      .interface("eth1")
      .transmitted()
      .some((frame) => Buffer.from(frame).equals(wanted));
  vpp.interface("eth0").inject(wanted);
  while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 20));
  t.pass("the first frame after ready() is not lost");
});
