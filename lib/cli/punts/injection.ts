// The way into VPP that a daemon hands over: its punt socket, for a user who may not open VPP's own sockets.
import type { Descriptor } from "../../descriptor/index.js";
import { PuntError } from "../../errors.js";
import { isMade, type PuntStatus } from "../../punt/index.js";
import { answerTimeout, daemonOf, withRemote } from "./daemon.js";
import type { FoundInterface } from "./interfaces.js";

export interface HandedInjection {
  /** Connected to VPP's punt socket. */
  readonly descriptor: Descriptor;
  readonly to: FoundInterface;
}

export interface InjectionFlags {
  readonly vpp: string;
  readonly socket?: string;
  readonly interface: string;
  readonly timeout: number;
}

/**
 * Asks the daemon for a descriptor of VPP's punt socket, which it has for each punt to a socket. Returns undefined where VPP's own sockets are
 * to be opened: without a daemon, and without such a punt that this user may attach to.
 *
 * @throws PuntError ERR_NO_INTERFACE; ERR_DISCONNECTED: no daemon answers at the socket that was named
 */
export async function handedInjection(flags: InjectionFlags): Promise<HandedInjection | undefined> {
  const daemon = await daemonOf(flags);
  if (daemon === undefined) return undefined;
  try {
    return await withRemote(daemon, { answerTimeout: answerTimeout(flags) }, async (punts) => {
      const punt = (await punts.list()).find(isSource);
      if (punt === undefined) return undefined;
      const to = await interfaceIn(punts.interfaces, flags.interface);
      const only = ["inject"] as const;
      const [handed] = await punts.handovers.ends(punt.id, { have: {}, packets: false, only });
      return handed && { descriptor: handed.descriptor, to };
    });
  } catch (error) {
    // No option names the daemon: VPP's sockets may do.
    const isMeant = flags.socket !== undefined || (error as PuntError).code !== "ERR_DISCONNECTED";
    if (isMeant) throw error;
    return undefined;
  }
}

/** Whether a punt has VPP's punt socket. */
function isSource({ state, metadata }: PuntStatus): boolean {
  const isSocket = metadata.interconnects.some(({ attachment }) => attachment.kind === "af-unix");
  return isSocket && isMade(state);
}

interface Interfaces {
  readonly known: Promise<void>;
  find(name: string): FoundInterface | undefined;
}

async function interfaceIn(interfaces: Interfaces, name: string): Promise<FoundInterface> {
  await interfaces.known;
  const found = interfaces.find(name);
  if (found) return found;
  const message = `the daemon knows no interface ${name} of VPP that this user may see`;
  throw new PuntError("punt.inject", "ERR_NO_INTERFACE", message, { name });
}
