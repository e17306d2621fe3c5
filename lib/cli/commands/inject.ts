// `vpp-punt inject`: packets of a pcap file, or one in hex, into VPP through its punt socket.
import { existsSync } from "node:fs";
import { Vpp } from "../../binapi/index.js";
import { PuntError } from "../../errors.js";
import { withoutEthernet } from "../../net/index.js";
import { DEFAULT_VPP_PUNT_PATH, PuntAction, PuntInjector } from "../../punt-socket/index.js";
import { within } from "../ending/index.js";
import { json as jsonText, print, traffic } from "../output/index.js";
import { type Injected, readHex, readPcap } from "../packets/index.js";
import { type FoundInterface, handedInjection, interfaceNamed } from "../punts/index.js";

interface Options {
  readonly vpp: string;
  readonly socket?: string;
  readonly puntSocket?: string;
  readonly interface: string;
  readonly file?: string;
  readonly ip?: boolean;
  readonly timeout: number;
  readonly output: string;
}

function packetsOf(hex: string | undefined, { file, ip = false }: Options): Injected[] {
  if ((hex === undefined) === (file === undefined))
    throw new PuntError("punt.inject", "ERR_USAGE", "a packet in hex or a pcap file (-f) is expected");
  return hex === undefined ? readPcap(file!) : [readHex(hex, ip)];
}

export async function run(hex: string | undefined, options: Options): Promise<void> {
  const packets = packetsOf(hex, options);
  const { puntSocket = DEFAULT_VPP_PUNT_PATH, timeout, output } = options;
  const handed = options.puntSocket === undefined ? await handedInjection(options) : undefined;
  const to = handed?.to ?? (await interfaceOf(options));
  checkFrames(to, packets, options.interface);
  const { swIfIndex } = to;
  const place = handed ? { descriptor: handed.descriptor } : { vppPath: thereAt(puntSocket) };
  const injector = PuntInjector.open({ knownInterfaces: new Set([swIfIndex]), ...place });
  try {
    await within(timeout, `VPP's punt socket${handed ? "" : ` ${puntSocket}`}`, sendAll(injector, swIfIndex, packets));
  } finally {
    injector.close();
  }
  const sent = injector.stats();
  print(output === "json" ? jsonText({ packets: sent.packets, bytes: sent.bytes }) : traffic(sent));
}

/** Returns the path of VPP's punt socket. @throws PuntError ENOENT: VPP has none there, and would have had one since its start */
function thereAt(path: string): string {
  if (existsSync(path)) return path;
  const remedy = `VPP's startup.conf needs punt { socket ${path} }; --punt-socket names another path`;
  throw new PuntError("punt.inject", "ENOENT", `VPP has no punt socket at ${path}`, { path, remedy });
}

async function sendAll(injector: PuntInjector, swIfIndex: number, packets: readonly Injected[]): Promise<void> {
  for (const { action, bytes } of packets) {
    while (!injector.inject(action, swIfIndex, bytes))
      await new Promise((resolve) => injector.once("drain", resolve as () => void));
  }
}

async function interfaceOf({ vpp: socketPath, interface: name }: Options): Promise<FoundInterface> {
  const vpp = await Vpp.connect({ socketPath, reconnect: false });
  try {
    return await interfaceNamed(vpp, name);
  } finally {
    await vpp.close();
  }
}

/** @throws PuntError ERR_NO_INTERFACE: a frame is to leave by an interface without Ethernet */
function checkFrames({ mac }: FoundInterface, packets: readonly Injected[], name: string): void {
  const problem = withoutEthernet(name, mac);
  if (problem === undefined || packets.every(({ action }) => action !== PuntAction.L2)) return;
  const message = `${problem}. --ip is for packets that VPP routes`;
  throw new PuntError("punt.inject", "ERR_NO_INTERFACE", message, { name });
}
