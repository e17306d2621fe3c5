// The options of `openPunt`, and their checks.
import type { MemifStats } from "../memif/index.js";
import { OptionCheck } from "../options.js";
import type { PacketSocketStats } from "../packet-socket/index.js";
import { type AttachOptions, checkAttachOptions } from "../punt/index.js";
import type { PuntSocketStats } from "../punt-socket/index.js";
import type { ResponderStats } from "../responder/index.js";
import { answerOptions, type CnfAnswers } from "./answers.js";
import { type LocalVpp, type OwnManagerOptions, placeOf } from "./backing.js";
import type { ConnectOptions } from "./options.js";

/** Counters of an open punt. */
export interface OpenPuntStats {
  /** Packets that `packets()` dropped because the loop was late. */
  readonly dropped: number;
  /** Counters of each port, in the order of `ports`; undefined for a TAP whose frames the program has not asked for. */
  readonly ports: readonly (MemifStats | PuntSocketStats | PacketSocketStats | undefined)[];
  /** The counts of answers of each port; undefined for a port without answers. */
  readonly answers: readonly (ResponderStats | undefined)[];
}

export interface SendOptions {
  /**
   * The VPP interface that the frame leaves by, by name or tag: any of VPP with Ethernet over AF_UNIX, else one of the request. A frame for a
   * sub-interface has its VLAN tags.
   */
  readonly interface?: string;
  /** Index of the interconnect in the punt's metadata. Default: that of `interface`, or 0. */
  readonly interconnect?: number;
}

export interface OpenPuntOptions extends Pick<ConnectOptions, "socket" | "tls">, OwnManagerOptions {
  /**
   * Whether to ask a daemon. Default: if one is named (`socket`, `tls` or the environment's VPP_PUNT_SOCKET), or listens at the
   * default path. False: this process manages VPP itself, which only one process of a machine may do.
   */
  readonly daemon?: boolean;
  /** `persistent` (default): the punt stays until it is deleted. `session`: it ends with this program. */
  readonly lifetime?: "persistent" | "session";
  /** How long a punt of a session stays after the program is lost, in milliseconds. Default 10,000. */
  readonly grace?: number;
  /** Options of the ports. */
  readonly attach?: AttachOptions;
  /**
   * The questions to answer on a memif, where no kernel does: `["arp", "nd", "ping"]`, for the addresses in the punt's metadata. Default: nothing.
   * Behind a TAP Linux answers, and for a punt socket VPP.
   */
  readonly answer?: CnfAnswers;
}

const NAMES = [
  "socket",
  "tls",
  "vpp",
  "vppSocket",
  "manager",
  "socketDirectory",
  "daemon",
  "lifetime",
  "grace",
  "attach",
  "answer",
];

/** Options of a manager that `openPunt` sets. */
const NOT_OF_MANAGER = {
  vpp: "is set by openPunt: option vppSocket names its VPP",
  readOnly: "does not go with openPunt, which asks for a punt",
};

/** @throws PuntError ERR_OPTION: an option is wrong; `details.option` says which */
export function checkOpenOptions(options: OpenPuntOptions): void {
  const check = new OptionCheck("cnf.open");
  check.known(options, NAMES);
  const { daemon, lifetime, grace, vpp, vppSocket, socketDirectory, answer, manager, attach } = options;
  if (vpp !== undefined) checkLocal(check, vpp, options);
  if (answer !== undefined) answerOptions(check, answer);
  if (attach !== undefined) checkAttachOptions(check, "attach", attach);
  if (manager !== undefined) check.without("manager", check.object("manager", manager), NOT_OF_MANAGER);
  if (daemon !== undefined) check.boolean("daemon", daemon);
  if (lifetime !== undefined) check.oneOf("lifetime", lifetime, ["persistent", "session"]);
  if (grace !== undefined) check.integer("grace", grace, 0, 86_400_000);
  if (vppSocket !== undefined) check.socketPath("vppSocket", vppSocket);
  if (socketDirectory !== undefined) check.path("socketDirectory", socketDirectory, LONGEST_FOLDER);
}

/** Options that say where VPP or its manager is, besides `vpp`. */
const PLACES = ["daemon", "socket", "tls", "vppSocket", "socketDirectory"] as const;

/** The longest path of a folder of punt sockets: the name of a punt's socket has to fit behind it. */
const LONGEST_FOLDER = 77;

function checkLocal(check: OptionCheck, vpp: LocalVpp, options: OpenPuntOptions): void {
  check.object("vpp", vpp);
  check.socketPath("vpp.apiSocket", vpp.apiSocket);
  check.path("vpp.directory", vpp.directory);
  check.path("vpp.directory", placeOf(vpp).socketDirectory, LONGEST_FOLDER);
  const other = PLACES.find((name) => options[name] !== undefined && options[name] !== false);
  if (other !== undefined) check.refuse("vpp", `does not go with ${other}`);
}
