// Checks of VPP's sockets: whether they exist, who listens, and who may connect.
import { connect } from "node:net";
import { DEFAULT_DAEMON_SOCKET } from "../about/index.js";
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

/** A user joins the group of a socket. No user joins the group of root, so VPP needs another one. */
function joining(group: string): string {
  if (group !== "root" && group !== "0") return `usermod -aG ${group} $USER, then log in again`;
  return `in startup.conf, unix { gid vpp }; then systemctl restart vpp; usermod -aG vpp $USER, and log in again`;
}

function denied(machine: Machine): Finding {
  const { vppSocket } = machine;
  const name = groupOf(machine, vppSocket);
  return {
    level: "problem",
    what: `this user may not open ${vppSocket}, which belongs to the group ${name}`,
    why: "only root and that group may use VPP's API",
    remedy: joining(name),
  };
}

function unanswered(code: string) {
  return ({ vppSocket }: Machine): Finding => ({
    level: "problem",
    what: `VPP does not answer at its API socket ${vppSocket} (${code})`,
    why: "VPP is stopped, or busy without an end, or another program listens there",
    remedy: "gdb -p $(pidof vpp) shows where VPP is; systemctl restart vpp",
  });
}

const CAUSES: Readonly<Record<string, (machine: Machine) => Finding>> = {
  ENOENT: ({ vppSocket }) => ({
    level: "problem",
    what: `the API socket ${vppSocket} is missing`,
    why: "vpp-punt talks to VPP over it",
    remedy: "systemctl start vpp; for a VPP elsewhere, name its socket with --vpp or VPP_PUNT_VPP",
  }),
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

/** VPP makes the socket with mode 0755, whatever its group is. */
function unwritable(path: string): Finding {
  return {
    level: "problem",
    what: `this user may not write to VPP's punt socket ${path}`,
    why: "a CNF of this user can neither send packets into VPP nor receive punted ones",
    remedy: `chgrp vpp ${path} && chmod g+w ${path}, after each start of VPP, or run VPP with umask 002`,
  };
}

export const puntSocket: Check = {
  name: "punt socket",
  run(machine) {
    const path = configOf(machine)?.puntSocket;
    if (path === undefined || machine.vpp() === undefined) return [];
    if (machine.exists(path)) return machine.mayWrite(path) ? [] : [unwritable(path)];
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
    const isDenied = DENIALS.includes(code);
    const group = groupOf(machine, path);
    return [
      {
        level: "advice",
        what: isDenied
          ? `this user may not open VPP's stats socket ${path}, which belongs to the group ${group}`
          : `VPP's stats socket ${path} does not answer (${code})`,
        why: COUNTERS,
        remedy: isDenied ? joining(group) : "systemctl restart vpp",
      },
    ];
  },
};

export const daemonSocket: Check = {
  name: "daemon",
  async run(machine) {
    const path = DEFAULT_DAEMON_SOCKET;
    if (!machine.exists(path)) return [];
    const code = await connectError(machine.path(path));
    if (code === undefined) return await roleFindings(machine.path(path), path);
    const isDenied = DENIALS.includes(code);
    const group = groupOf(machine, path);
    return [
      {
        level: "problem",
        what: isDenied
          ? `this user may not open the daemon's socket ${path}, which belongs to the group ${group}`
          : `no daemon listens at its socket ${path} (${code})`,
        why: "CNFs and commands of this user get no punts there",
        remedy: isDenied
          ? `usermod -aG ${group} $USER, then log in again; the daemon's --socket-group names another group`
          : "systemctl restart vpp-punt; journalctl -u vpp-punt says why it ended",
      },
    ];
  },
};
