// Checks of VPP's sockets: whether they exist, who listens, and who may connect.
import { connect } from "node:net";
import { DEFAULT_DAEMON_SOCKET } from "../../default-sockets.js";
import type { Check, Finding, Machine } from "./check.js";
import { roleFindings } from "./daemon-role.js";
import { configOf } from "./startup-conf.js";

/** Resolves with the errno name of a connection that failed, or undefined after a connection. */
function connectError(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

/** The errno names of a connection that the permissions of the socket's file forbid. */
const DENIALS: readonly string[] = ["EACCES", "EPERM"];

function groupOf(machine: Machine, path: string): string {
  const gid = machine.groupOf(path);
  return machine.text("/etc/group")?.match(new RegExp(`^([^:]+):[^:]*:${gid}:`, "m"))?.[1] ?? `${gid}`;
}

/** No user joins the group of root. */
function isOfRoot(group: string): boolean {
  return group === "root" || group === "0";
}

/** A user joins the group of a socket; VPP needs another one than that of root. */
function joining(group: string): string {
  if (!isOfRoot(group)) return `usermod -aG ${group} $USER, then log in again`;
  return `in startup.conf, unix { gid vpp }; then systemctl restart vpp; usermod -aG vpp $USER, and log in again`;
}

interface Denial {
  readonly what: string;
  /** The group that a user joins to be let in. */
  readonly group: string;
}

/** Describes what keeps this user from a socket: the socket's file, or a folder on the way to it. */
function denial(machine: Machine, label: string, path: string): Denial {
  const folder = machine.closedFolder(path);
  const group = groupOf(machine, folder ?? path);
  const deed = folder === undefined ? `open ${label} ${path}` : `enter ${folder}, on the way to ${label} ${path}`;
  return { what: `this user may not ${deed}, which belongs to the group ${group}`, group };
}

/** The user whom a daemon serves lacks only this without access to VPP. */
const SERVED = "`vpp-punt api` and `generate` talk to VPP itself. All other commands ask the daemon";

function denied(machine: Machine): Finding {
  const { what, group } = denial(machine, "VPP's API socket", machine.vppSocket);
  if (machine.isServed) return { level: "advice", what, why: SERVED, remedy: joining(group) };
  return { level: "problem", what, why: "only root and that group may use VPP's API", remedy: joining(group) };
}

function unanswered(code: string) {
  return ({ vppSocket }: Machine): Finding => ({
    level: "problem",
    what: `VPP does not answer at its API socket ${vppSocket} (${code})`,
    why: "VPP is stopped, or busy without an end, or another program listens there",
    remedy: "gdb -p $(pidof vpp) shows where VPP is; systemctl restart vpp",
  });
}

/** A daemon serves this user, and keeps the place of its VPP to operators. */
function unneeded(vppSocket: string): Finding {
  return {
    level: "advice",
    what: `the API socket ${vppSocket} is missing; the daemon is connected with its VPP elsewhere`,
    why: SERVED,
    remedy: "ask an operator of the daemon for the path, and name it with --vpp or VPP_PUNT_VPP",
  };
}

/** A VPP that runs may listen at another path: then that one is to be named. */
function missing(machine: Machine): Finding {
  const { vppSocket } = machine;
  if (machine.isServed) return unneeded(vppSocket);
  const why = "vpp-punt talks to VPP over it";
  const elsewhere = machine.vpp() && configOf(machine)?.apiSocket;
  if (elsewhere !== undefined && elsewhere !== vppSocket) {
    const what = `the API socket ${vppSocket} is missing: VPP's configuration names ${elsewhere}`;
    return { level: "problem", what, why, remedy: `export VPP_PUNT_VPP=${elsewhere}, or --vpp ${elsewhere}` };
  }
  const remedy = "systemctl start vpp; for a VPP elsewhere, name its socket with --vpp or VPP_PUNT_VPP";
  return { level: "problem", what: `the API socket ${vppSocket} is missing`, why, remedy };
}

const CAUSES: Readonly<Record<string, (machine: Machine) => Finding>> = {
  ENOENT: missing,
  ECONNREFUSED: ({ vppSocket }) => ({
    level: "problem",
    what: `no process listens on the API socket ${vppSocket}`,
    why: "VPP has ended and has left the file",
    remedy: "systemctl restart vpp; journalctl -u vpp says why it ended",
  }),
  ...Object.fromEntries(DENIALS.map((code) => [code, denied])),
};

export const apiSocket: Check = {
  name: "API socket",
  async run(machine) {
    const code = (await connectError(machine.path(machine.vppSocket))) ?? (await machine.askVpp());
    return code === undefined ? [] : [(CAUSES[code] ?? unanswered(code))(machine)];
  },
};

const NO_PUNT_SOCKET = "a CNF of this user can neither send packets into VPP nor receive punted ones";

/** VPP makes the socket with mode 0755, whatever its group is. */
function unwritable(machine: Machine, path: string): Finding {
  const vpps = groupOf(machine, machine.vppSocket);
  const group = isOfRoot(vpps) ? "vpp" : vpps;
  return {
    level: "problem",
    what: `this user may not write to VPP's punt socket ${path}`,
    why: NO_PUNT_SOCKET,
    remedy: `chgrp ${group} ${path} && chmod g+w ${path}, after each start of VPP; or for good: systemctl edit vpp, [Service] UMask=0002; then systemctl restart vpp`,
  };
}

export const puntSocket: Check = {
  name: "punt socket",
  run(machine) {
    // The daemon that serves this user hands over its own connection to the socket.
    if (machine.isServed) return [];
    const path = configOf(machine)?.puntSocket;
    if (path === undefined || machine.vpp() === undefined) return [];
    if (machine.closedFolder(path) !== undefined) {
      const { what, group } = denial(machine, "VPP's punt socket", path);
      return [{ level: "problem", what, why: NO_PUNT_SOCKET, remedy: joining(group) }];
    }
    if (machine.exists(path)) return machine.mayWrite(path) ? [] : [unwritable(machine, path)];
    return [
      {
        level: "problem",
        what: `VPP's configuration names the punt socket ${path}, which is missing`,
        why: "CNFs cannot send through a socket that VPP has not opened. VPP reads the configuration at its start only",
        remedy: "systemctl restart vpp",
      },
    ];
  },
};

const COUNTERS = "packets, bytes and drops of punts cannot be read: `vpp-punt top`, the metrics and the page have none";

export const statsSocket: Check = {
  name: "stats socket",
  async run(machine) {
    const path = configOf(machine)?.statsSocket;
    if (path === undefined || machine.vpp() === undefined) return [];
    // Of a VPP that is away, or that this user may not ask, the API socket says enough.
    if ((await connectError(machine.path(machine.vppSocket))) !== undefined) return [];
    const code = await connectError(machine.path(path));
    // VPP's is a socket of sequenced packets. Linux tells that of a socket which is open only.
    if (code === undefined || code === "EPROTOTYPE") return [];
    if (DENIALS.includes(code)) {
      const { what, group } = denial(machine, "VPP's stats socket", path);
      return [{ level: "advice", what, why: COUNTERS, remedy: joining(group) }];
    }
    const what = `VPP's stats socket ${path} does not answer (${code})`;
    return [{ level: "advice", what, why: COUNTERS, remedy: "systemctl restart vpp" }];
  },
};

const NO_DAEMON = "CNFs and commands of this user get no punts there";

export const daemonSocket: Check = {
  name: "daemon",
  async run(machine) {
    const path = machine.daemonSocket;
    // Without a daemon, a machine is in order; a socket that the user names is to have one.
    if (path === DEFAULT_DAEMON_SOCKET && !machine.exists(path)) return [];
    const code = await connectError(machine.path(path));
    if (code === undefined) return await roleFindings(machine.path(path), path);
    if (DENIALS.includes(code)) {
      const { what, group } = denial(machine, "the daemon's socket", path);
      const remedy = isOfRoot(group)
        ? "start the daemon with --socket-group and a group of this user"
        : `${joining(group)}; the daemon's --socket-group names another group`;
      return [{ level: "problem", what, why: NO_DAEMON, remedy }];
    }
    const what = `no daemon listens at its socket ${path} (${code})`;
    const remedy = "systemctl restart vpp-punt; journalctl -u vpp-punt says why it ended";
    return [{ level: "problem", what, why: NO_DAEMON, remedy }];
  },
};
