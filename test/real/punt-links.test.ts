// PUNT_TO_SOCKET: datagrams that come by a VLAN or a tunnel are answered the way they came.
import type { ExecutionContext } from "ava";
import { openPunt } from "../../lib/module/index.js";
import { PacketSocket } from "../../lib/packet-socket/index.js";
import { ethernet, ipPacket, udpPacket } from "../support/frames.js";
import { Network } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { until } from "../support/until.js";
import { startVpp } from "../support/vpp/real.js";

const real = need("root", "vpp", "hosts").test.serial;
const PORT = 9000;

/** A neighbor of VPP, and a CNF that answers its datagrams. */
async function start(t: ExecutionContext) {
  const vpp = await startVpp();
  t.teardown(() => vpp.stop());
  const network = new Network(vpp);
  t.teardown(() => network.abandon());
  const { host, vppInterface: name } = await network.neighbor("10.7.4");
  const echo = await openPunt({ cnf: "echo", udp: PORT }, { vpp });
  t.teardown(() => echo.close());
  const answering = (async () => {
    // A packet may come before the interface is known.
    for await (const packet of echo.packets()) if (packet.payload) packet.reply(packet.payload);
  })();
  t.teardown(() => echo.close().then(() => answering));
  const wire = PacketSocket.open({ device: "eth0", namespace: `/run/netns/${host.name}` });
  t.teardown(() => wire.close());
  const received: string[] = [];
  wire.receive((batch) => {
    for (const frame of batch) received.push(Buffer.from(frame).toString("hex"));
  });
  const link = {
    from: (await host.run("cat", "/sys/class/net/eth0/address")).trim(),
    to: /Ethernet address (\S+)/.exec(await vpp.cli(`show hardware-interfaces ${name}`))![1]!,
  };
  await echo.ready({ timeout: 30_000 });
  /** Asks until an answer comes that begins and ends so. */
  const answers = (question: Buffer, head: RegExp, text: string) => {
    const ending = Buffer.from(text).toString("hex");
    return until(() => {
      wire.send(question);
      return received.some((frame) => head.test(frame) && frame.includes(ending));
    });
  };
  return { vpp, name, link, answers };
}

const hex = (mac: string) => mac.replaceAll(":", "");
const question = (net: string, text: string) => udpPacket({ from: `${net}.2`, to: `${net}.1` }, [40_000, PORT], text);

real("by a VLAN: the answer has its tag, and both MAC addresses (AF_UNIX)", async (t) => {
  const { vpp, name, link, answers } = await start(t);
  await vpp.configure(`create sub-interfaces ${name} 100`, `set interface state ${name}.100 up`);
  await vpp.configure(`set interface ip address ${name}.100 10.7.5.1/24`);
  const tagged = ethernet(link, 0x8100, Buffer.concat([Buffer.of(0, 100, 8, 0), question("10.7.5", "by VLAN 100")]));
  // Linux takes the tag of a received frame out, and the packet socket puts it back.
  const head = new RegExp(`^${hex(link.from)}${hex(link.to)}810000640800`);
  await t.notThrowsAsync(answers(tagged, head, "by VLAN 100"));
});

real("by a tunnel: VPP routes the answer into it, and goes on (AF_UNIX)", async (t) => {
  const { vpp, link, answers } = await start(t);
  const ends = { from: "10.7.4.2", to: "10.7.4.1" };
  const tunnels = [
    { make: "create ipip tunnel", name: "ipip0", protocol: 4, header: Buffer.alloc(0), net: "10.7.6" },
    { make: "create gre tunnel", name: "gre0", protocol: 47, header: Buffer.of(0, 0, 8, 0), net: "10.7.7" },
  ];
  for (const { make, name, protocol, header, net } of tunnels) {
    const made = await vpp.cli(`${make} src 10.7.4.1 dst 10.7.4.2`);
    if (/unknown input/.test(made)) {
      t.log(`this VPP has no ${name}`);
      continue;
    }
    await vpp.configure(`set interface state ${name} up`, `set interface ip address ${name} ${net}.1/30`);
    const outer = ipPacket(ends, protocol, Buffer.concat([header, question(net, `by ${name}`)]));
    // Some releases decrement the TTL.
    const inner = `4500....0000....(3f|40)11....${Buffer.from(`${net}.1`.split(".").map(Number)).toString("hex")}`;
    await t.notThrowsAsync(answers(ethernet(link, 0x800, outer), new RegExp(inner), `by ${name}`));
  }
  t.truthy(vpp.pid, vpp.log());
});
