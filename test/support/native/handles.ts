// A worker thread with native handles of one kind, open and in use, until it ends in the way workerData.ending says.
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { openSync } from "node:fs";
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { Descriptor as Kept } from "../../../lib/descriptor/index.js";
import type { MemifHandle, MemifOptions, Memif as MemifPort } from "../../../lib/memif/index.js";
import type { HandleEnding } from "./endings.js";

/** The open handles of a kind. */
interface Opened {
  /** Uses the handles; called in every turn of the event loop. */
  readonly use?: () => void;
  readonly unref?: () => void;
  readonly close: () => void;
}

const { kind, ending, folder, number, handle } = workerData as {
  kind: string;
  ending: HandleEnding;
  folder: string;
  /** Of the thread. */
  number: number;
  handle?: MemifHandle;
};

// Each kind imports what it uses: the start of a thread is most of its life.
const library = {
  binapi: () => import("../../../lib/binapi/index.js"),
  descriptor: () => import("../../../lib/descriptor/index.js"),
  memif: () => import("../../../lib/memif/index.js"),
  native: () => import("../../../lib/native.js"),
  packet: () => import("../../../lib/packet/index.js"),
  packetSocket: () => import("../../../lib/packet-socket/index.js"),
  puntSocket: () => import("../../../lib/punt-socket/index.js"),
  responder: () => import("../../../lib/responder/index.js"),
  sim: () => import("../../../lib/sim/index.js"),
};

const frame = new Uint8Array(64).fill(0xff);
const onWarning = () => {};
let opened: Opened = { close: () => {} };
let calls = 0;

/** Called in the callback of a handle, which native code has made. */
function inside(): void {
  if (++calls < 3 || !ending.startsWith("callback")) return;
  if (ending === "callback-exit") process.exit(0);
  if (ending === "callback-throw") throw new Error("meant");
  opened.close();
}

async function memifs(options: Partial<MemifOptions>, receive: (port: MemifPort) => void): Promise<Opened> {
  const { Memif } = await library.memif();
  const socket = `${folder}/memif.sock`;
  const ports = (["server", "client"] as const).map((role) =>
    Memif.open({ role, socket, reconnectMs: 5, ringSize: 64, ...options }),
  );
  for (const port of ports) receive(port);
  return {
    use: () => {
      for (const port of ports) if (port.peer) port.send([frame, frame, frame]);
    },
    unref: () => ports.map((port) => port.unref()),
    close: () => ports.map((port) => port.close()),
  };
}

function memif(options: Partial<MemifOptions>): Promise<Opened> {
  return memifs(options, (port) => port.receive(inside));
}

async function framePort(kind: "punt" | "tap" | "tun" | "packet", name: string): Promise<Opened> {
  const { native } = await library.native();
  const port = new native.SimFramePort({ kind, name, netns: "", sendBuffer: 65536 });
  port.start(new Uint8Array(8 * 2048), new Uint32Array(8), 2048, inside);
  const peer = kind === "punt" ? port.addPeer(name) : 0;
  const own = Uint8Array.from(frame);
  return {
    use: () => void port.send(own, Uint32Array.of(0, 64, peer), 1, new Uint8Array(1)),
    unref: () => port.unref(),
    close: () => port.close(),
  };
}

/** A frame port on a device of its own, to which Linux sends broadcasts. */
async function devicePort(kind: "tap" | "tun"): Promise<Opened> {
  const name = `${kind}${number}`;
  const port = await framePort(kind, name);
  execFileSync("ip", ["addr", "add", `10.9.${number}.1/24`, "broadcast", `10.9.${number}.255`, "dev", name]);
  execFileSync("ip", ["link", "set", name, "up"]);
  const socket = createSocket("udp4").unref();
  socket.bind(() => socket.setBroadcast(true));
  const use = () => {
    port.use!();
    socket.send(frame, 9, `10.9.${number}.255`, () => {});
  };
  return { ...port, use };
}

/** An embedded VPP of this thread, with clients of its API and its statistics. */
async function vpp(options: Record<string, unknown>): Promise<Opened> {
  const [{ EmbeddedVpp }, { Vpp, VppStats }, { native }] = await Promise.all([
    library.sim(),
    library.binapi(),
    library.native(),
  ]);
  const sim = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  const client = await Vpp.connect({ socketPath: sim.apiSocket, ...options });
  const stats = await VppStats.open({ socketPath: sim.statsSocket! });
  return {
    use: () => {
      client.call("control_ping").then(inside, () => {});
      stats.read("/sys").catch(() => {});
      native.fetchStatsSegment(sim.statsSocket!).catch(() => {});
    },
    close: () => void [client.close(), stats.close(), sim.close()],
  };
}

const openers: Record<string, () => Promise<Opened>> = {
  memif: () => memif({}),
  "memif, adaptive": () => memif({ rxMode: "adaptive" }),
  "memif, polling": async () => {
    const queues: (() => void)[] = [];
    const made = await memifs({ rxMode: "polling" }, (port) => {
      const queue = port.rx(0);
      queues.push(() => void queue.poll(inside));
    });
    const use = () => {
      made.use!();
      for (const poll of queues) poll();
    };
    return { ...made, use };
  },
  "memif, copied": () => memif({ zeroCopy: false }),
  "memif, libmemif": () => memif({ engine: "libmemif" }),
  "memif, retained packets": () => {
    const kept: unknown[] = [];
    return memifs({ spareBuffers: 8 }, (port) =>
      port.receive((batch) => {
        if (kept.length < 8) kept.push(batch.retain(0));
        inside();
      }),
    );
  },
  "memif, queues of another thread": async () => {
    if (handle !== undefined) {
      const { Memif } = await library.memif();
      const port = Memif.attach(handle);
      port.receive(inside);
      return { use: () => void port.send(frame), unref: () => port.unref(), close: () => port.close() };
    }
    const made = await memifs({}, (port) => {
      const data = { kind, ending: "busy", folder, number, handle: port.handle };
      new Worker(new URL(import.meta.url), { workerData: data }).unref();
    });
    // The queues are the other threads': this one has only the ports.
    return { ...made, use: inside };
  },
  forwarder: async () => {
    const { forward, Memif } = await library.memif();
    const open = (role: "server" | "client", name: string) =>
      Memif.open({ role, socket: `${folder}/${name}`, engine: "builtin", ringSize: 64, reconnectMs: 5 });
    const ports = [open("server", "l"), open("client", "l"), open("client", "r"), open("server", "r")] as const;
    forward(ports[1], ports[2], inside);
    return {
      use: () => void [ports[0].send([frame, frame]), ports[3].send([frame, frame])],
      unref: () => ports.map((port) => port.unref()),
      close: () => ports.map((port) => port.close()),
    };
  },
  responder: async () => {
    const { Responder } = await library.responder();
    return memifs({}, (port) => {
      const responder = Responder.on(port, {
        mac: "02:fe:00:00:00:01",
        ipAddresses: ["10.0.0.2/24", "2001:db8::2/64"],
      });
      responder.receive(inside);
    });
  },
  "punt socket": async () => {
    const { PuntSocket } = await library.puntSocket();
    const open = (name: string) => PuntSocket.open({ path: `${folder}/${name}`, vppPath: null, onWarning });
    const [one, other] = [open("a"), open("b")];
    one.receive((batch) => {
      batch.view(0);
      inside();
    });
    return {
      use: () => void [other.sendTo(one.path, 1, frame), one.sendTo(other.path, 1, frame)],
      unref: () => void [one.unref(), other.unref()],
      close: () => void [one.close(), other.close()],
    };
  },
  injector: async () => {
    const [{ PuntInjector }, { bindPuntSocket }] = await Promise.all([library.puntSocket(), library.descriptor()]);
    // The queue of a socket without a reader is full: the injector waits for room.
    const vppPath = `${folder}/vpp`;
    const full = bindPuntSocket({ path: vppPath });
    const injector = PuntInjector.open({ vppPath, knownInterfaces: () => true });
    return {
      use: () => void [injector.injectAll(0, 1, [frame, frame, frame]), inside()],
      close: () => void [injector.close(), full.close()],
    };
  },
  "packet socket": async () => {
    const { PacketSocket } = await library.packetSocket();
    const port = PacketSocket.open({ device: "lo", ringBytes: 2 ** 20 });
    port.receive((batch) => {
      batch.view(0);
      inside();
    });
    return { use: () => void port.send([frame, frame]), unref: () => port.unref(), close: () => port.close() };
  },
  filter: async () => {
    const { PacketFilter } = await library.packet();
    const filters: { matches(packet: Uint8Array): boolean }[] = [];
    const use = () => {
      filters.push(PacketFilter.parse("4\n40 0 0 12\n21 0 1 2054\n6 0 0 262144\n6 0 0 0\n"));
      for (const filter of filters.splice(0, filters.length - 8)) filter.matches(frame);
      inside();
    };
    return { use, close: () => filters.splice(0) };
  },
  descriptors: async () => {
    const { Descriptor, DescriptorServer, FileLock, openNamespace, receiveDescriptors } = await library.descriptor();
    const kept = [openNamespace("/proc/self/ns/net"), Descriptor.own(openSync("/dev/null", "r"))];
    const lock = FileLock.acquire(`${folder}/lock`);
    const answer = ({ process }: { process: { duplicate(): Kept } | undefined }) => {
      inside();
      return { bytes: frame, descriptors: [kept[0]!.duplicate(), ...(process ? [process.duplicate()] : [])] };
    };
    // An error of the handler is the client's, unless this listener throws it again.
    const onError = (error: unknown) => {
      if ((error as Error).message === "meant") throw error;
    };
    const server = DescriptorServer.listen(`${folder}/server`, answer, { onError });
    const ask = () => receiveDescriptors(server.path, frame, { descriptors: [kept[1]!] });
    return {
      // The descriptors that come stay open.
      use: () => void (calls < 100 && ask().catch(() => {})),
      unref: () => server.unref(),
      close: () => void [server.close(), lock.release()],
    };
  },
  capture: async () => {
    const { PcapWriter } = await library.packet();
    const writer = PcapWriter.open(`${folder}/capture.pcap`);
    return { use: () => void [writer.writePacket(frame), inside()], close: () => writer.close() };
  },
  "frame port, punt socket": () => framePort("punt", `${folder}/port`),
  "frame port, TAP": () => devicePort("tap"),
  "frame port, TUN": () => devicePort("tun"),
  "frame port, packet socket": () => framePort("packet", "lo"),
  "embedded VPP": () => vpp({}),
  "embedded VPP, vapi": () => vpp({ transport: "vapi", schema: "builtin" }),
};

/** The ways to end that begin in this thread, once its handles are in use. */
const endHere: Partial<Record<HandleEnding, () => void>> = {
  exit: () => process.exit(0),
  throw: () => {
    throw new Error("meant");
  },
  closing: () => {
    opened.close();
    process.exit(0);
  },
  natural: () => {
    if (opened.unref) opened.unref();
    else opened.close();
  },
};

async function main(): Promise<void> {
  opened = await openers[kind]!();
  let turns = 0;
  const turn = () => {
    if (calls >= 3 && ending === "callback-close") return;
    if (turns++ >= 20 && ending in endHere) return endHere[ending]!();
    try {
      opened.use?.();
    } catch (error) {
      // A handle that its own callback has closed.
      if ((error as { code?: string }).code !== "ERR_CLOSED") throw error;
    }
    setImmediate(turn);
  };
  turn();
  parentPort!.postMessage("busy");
}

main().catch((error) => {
  throw error;
});
