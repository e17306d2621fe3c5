// The lines of VPP's command line that the embedded VPP understands.
import { VNET_ERRORS } from "../binapi/index.js";
import {
  BROADCAST4,
  type DataPlane,
  fibPath,
  formatPrefix,
  parseAddress,
  parsePrefix,
  type SwInterface,
  TRACED_NODES,
} from "./dataplane/index.js";
import { PacketGenerator } from "./packet-generator.js";
import { VnetError } from "./vnet-error.js";

/** VPP's names of some protocols. */
const NAMES_OF_VPP: Readonly<Record<number, string>> = {
  ...{ 1: "ICMP", 2: "IGMP", 4: "IP_IN_IP", 6: "TCP", 17: "UDP", 41: "IPV6", 46: "RSVP", 47: "GRE", 50: "IPSEC_ESP" },
  ...{ 51: "IPSEC_AH", 88: "EIGRP", 89: "OSPF", 103: "PIM", 112: "VRRP", 115: "L2TP", 132: "SCTP", 255: "RESERVED" },
};

type Command = (words: string[]) => string;

/** The few lines of VPP's command line that are of use here: what the API of this project has no message for, and looks. */
export class Cli {
  readonly #commands: [prefix: string, command: Command][] = [
    ["show version", () => "vpp (embedded in vpp-punt)"],
    ["show api clients", () => this.#showClients()],
    ["show interface", () => this.#showInterfaces()],
    ["show mode", () => this.#showModes()],
    ["show errors", () => this.#showErrors()],
    ["show node counters", () => this.#showErrors()],
    ["clear errors", () => this.#clearErrors()],
    ["show punt socket registrations", () => this.#showPunts()],
    ["show udp ports", () => this.#showUdpPorts()],
    ["show ip local", () => this.#showLocal(4)],
    ["show ip6 local", () => this.#showLocal(6)],
    ["show ip neighbors", () => this.#showNeighbors()],
    ["show ip table", () => this.#showTables()],
    ["show ip mfib", () => this.#showGroups(4)],
    ["show ip6 mfib", () => this.#showGroups(6)],
    ["show ip fib 255.255.255.255/32", () => this.#showBroadcast()],
    ["ip route add 255.255.255.255/32 via local", () => this.#receiveBroadcast()],
    ["trace add", (words) => this.#addTrace(words)],
    ["show trace", () => String(this.#dp.graph.tracer)],
    ["clear trace", () => this.#clearTrace()],
    ["packet-generator new", (words) => this.#generator.add(words.join(" "))],
    ["packet-generator enable-stream", ([name = ""]) => this.#generator.enable(name)],
    ["packet-generator delete", ([name = ""]) => this.#generator.delete(name)],
    ["create sub-interfaces", (words) => this.#createSubinterface(words)],
    ["delete sub-interface", (words) => this.#deleteSubinterface(words)],
    ["set interface state", (words) => this.#setState(words)],
    ["set interface ip address", (words) => this.#setAddress(words)],
    ["ip mroute add", (words) => this.#multicastRoute(4, words, true)],
    ["ip mroute del", (words) => this.#multicastRoute(4, words, false)],
    ["ip6 mroute add", (words) => this.#multicastRoute(6, words, true)],
    ["ip6 mroute del", (words) => this.#multicastRoute(6, words, false)],
  ];
  readonly #dp: DataPlane;
  readonly #generator: PacketGenerator;
  readonly #clients: () => readonly string[];

  constructor(dp: DataPlane, clients: () => readonly string[]) {
    this.#dp = dp;
    this.#generator = new PacketGenerator(dp);
    this.#clients = clients;
  }

  /** Runs a line. Returns its output, or its error. */
  run(line: string): string {
    return this.answer(line).reply;
  }

  /** Runs a line. The answer is the one of cli_inband. */
  answer(line: string): { retval: number; reply: string } {
    const text = line.trim().replace(/\s+/g, " ");
    const found = this.#commands.find(([prefix]) => text === prefix || text.startsWith(`${prefix} `));
    try {
      if (found === undefined) throw new Error(`unknown input \`${text}'`);
      return { retval: 0, reply: found[1](text.slice(found[0].length).trim().split(" ")) };
    } catch (error) {
      return { retval: VNET_ERRORS.UNSPECIFIED, reply: (error as Error).message };
    }
  }

  #interfaceNamed(name: string | undefined): SwInterface {
    const found = this.#dp.interfaces.findByName(name ?? "");
    if (found === undefined) throw new VnetError("INVALID_SW_IF_INDEX", `unknown interface \`${name}'`);
    return found;
  }

  #showClients(): string {
    // VPP shows 20 characters of a name.
    const rows = this.#clients().map((name, index) => `${name.slice(0, 20).padStart(20)} ${String(index).padStart(8)}`);
    return ["Socket clients", `${"Name".padStart(20)}  Fildesc`, ...rows].join("\n");
  }

  #showTables(): string {
    return [...this.#dp.ip4.values()]
      .map(({ index, tableId, name }) => `[${index}] table_id:${tableId} ${name}`)
      .join("\n");
  }

  #showModes(): string {
    const { interfaces } = this.#dp;
    const modes = [...interfaces.values()].map(({ name, xconnectTo: end }) =>
      end === undefined ? `l3 ${name}  ` : `l2 xconnect ${name} ${interfaces.find(end)?.name ?? "DELETED"}`,
    );
    return modes.join("\n");
  }

  #showInterfaces(): string {
    const lines = [...this.#dp.interfaces.values()].map(({ name, swIfIndex, adminUp, mtu, counters }) => {
      const counts = `rx ${counters.rxPackets} tx ${counters.txPackets} drops ${counters.drops}`;
      return `${name.padEnd(32)}${swIfIndex}  ${adminUp ? "up" : "down"}  ${mtu[0]}  ${counts}`;
    });
    return lines.join("\n");
  }

  #showErrors(): string {
    const lines = this.#dp.graph.counters().map(({ node, reason, count }) => `${count}  ${node}  ${reason}`);
    return lines.join("\n");
  }

  #clearErrors(): string {
    this.#dp.graph.clearCounters();
    return "";
  }

  /** <input node> <count> */
  #addTrace(words: string[]): string {
    const [node = "", count = ""] = words;
    if (!TRACED_NODES.has(node) || !/^\d+$/.test(count))
      throw new Error(`trace add: expected NODE COUNT, got \`${words.join(" ")}'`);
    this.#dp.graph.tracer.add(node, Number(count));
    return "";
  }

  #clearTrace(): string {
    this.#dp.graph.tracer.clear();
    return "";
  }

  #showPunts(): string {
    const clients = (["l4", "ip-proto", "exception"] as const).flatMap((kind) => this.#dp.puntSocket.list(kind));
    return clients.map(({ registration, path }) => `${JSON.stringify(registration)} to socket ${path}`).join("\n");
  }

  #showUdpPorts(): string {
    const rows = ([4, 6] as const).flatMap((family) =>
      this.#dp.udp[family].handlers().map(({ port, node }) => `${port} ip${family} ${node}`),
    );
    return ["port proto node desc", ...rows].join("\n");
  }

  /** VPP prints names for IPv4 and numbers for IPv6; this one prints numbers for protocols whose name it does not know. */
  #showLocal(family: 4 | 6): string {
    const rows = this.#dp.local[family].handlers().map(({ protocol, node }) => {
      return `${(family === 4 && NAMES_OF_VPP[protocol]) || protocol}: ${node}`;
    });
    return [`Protocols handled by ip${family}_local`, ...rows].join("\n");
  }

  #showNeighbors(): string {
    return [...this.#dp.neighbors.values()].map(({ swInterface }) => swInterface.name).join("\n");
  }

  /** Groups that the default table receives. */
  #showGroups(family: 4 | 6): string {
    const groups = [...(family === 4 ? this.#dp.ip4 : this.#dp.ip6).multicastTable(0).values()];
    const received = groups.filter(({ local, acceptAll, acceptAddressed, accept }) => {
      return local && (acceptAll || acceptAddressed || accept.size > 0);
    });
    return received.map(({ group, length }) => `(*, ${formatPrefix(group, length)}):`).join("\n");
  }

  #showBroadcast(): string {
    const isReceived = this.#dp.ip4
      .get(0)
      .exact(BROADCAST4, 32)
      ?.best.some(({ kind }) => kind === "receive");
    return `255.255.255.255/32\n forwarding:\n  dpo-${isReceived ? "receive" : "drop"}`;
  }

  #receiveBroadcast(): string {
    this.#dp.ip4.get(0).set(BROADCAST4, 32, "cli", [fibPath("receive")]);
    return "";
  }

  /** <interface> <VLAN id> */
  #createSubinterface([name, id]: string[]): string {
    const vlan = Number(id);
    if (!Number.isInteger(vlan) || vlan < 1 || vlan > 4094) throw new VnetError("INVALID_VLAN", `bad VLAN id ${id}`);
    return this.#dp.createSubinterface(this.#interfaceNamed(name), vlan).name;
  }

  /** <interface>.<VLAN id> */
  #deleteSubinterface([name]: string[]): string {
    const swInterface = this.#interfaceNamed(name);
    if (swInterface.subinterface === undefined)
      throw new VnetError("INVALID_INTERFACE", `${name} is not a sub-interface`);
    this.#dp.interfaces.delete(swInterface);
    return "";
  }

  /** <interface> up|down */
  #setState([name, state]: string[]): string {
    this.#dp.interfaces.setAdmin(this.#interfaceNamed(name), state === "up");
    return "";
  }

  /** [del] <interface> <prefix> */
  #setAddress(words: string[]): string {
    const isDelete = words[0] === "del";
    const [name, prefix = ""] = isDelete ? words.slice(1) : words;
    const { address, length } = parsePrefix(prefix);
    const swInterface = this.#interfaceNamed(name);
    if (isDelete) this.#dp.addresses.remove(swInterface, address, length);
    else this.#dp.addresses.add(swInterface, address, length);
    return "";
  }

  /** <group> [table <id>] via <interface> Accept|Forward, or via local Forward */
  #multicastRoute(family: 4 | 6, words: string[], isAdd: boolean): string {
    const group = parseAddress((words[0] ?? "").replace(/\/\d+$/, ""));
    const table = words[1] === "table" ? Number(words[2]) : 0;
    const via = words[words.indexOf("via") + 1];
    const tables = family === 4 ? this.#dp.ip4 : this.#dp.ip6;
    tables.get(table);
    const multicast = tables.multicastTable(table);
    const entry = multicast.ensure(group, family === 4 ? 32 : 128);
    if (via === "local") entry.local = isAdd;
    else {
      const role = words.at(-1)?.toLowerCase() === "accept" ? "accept" : "forward";
      multicast.setInterface(entry, role, this.#interfaceNamed(via).swIfIndex, isAdd);
    }
    return "";
  }
}
