// The part of /proc that the daemon reads of other processes.
import type { Party } from "../world/schedule.js";
import { DatagramSocket } from "./datagrams.js";
import type { Sockets } from "./sockets.js";

/** Returns the text of a file, the names in a folder, or where a link leads to; undefined for what is not there. */
export function readProc(sockets: Sockets, path: string): string | string[] | undefined {
  if (path === "/proc/sys/net/unix/max_dgram_qlen") return "512\n";
  const [, , pid, ...rest] = path.split("/");
  if (pid === "net") return rest[0] === "unix" ? socketTable(sockets) : undefined;
  const party = sockets.table.schedule.living(Number(pid));
  return party && readProcess(sockets, party, rest);
}

function readProcess(sockets: Sockets, party: Party, [what, which]: readonly string[]): string | string[] | undefined {
  const { schedule } = sockets.table;
  const handles = sockets.table.handlesOf(party);
  switch (what) {
    case undefined:
      return [];
    case "stat":
      return `${party.pid} (${party.name}) ${party.stoppedUntil > schedule.now ? "T" : "S"} 1`;
    case "task":
      return which === undefined ? [String(party.pid)] : readProcess(sockets, party, ["stat"]);
    case "fd": {
      if (which === undefined) return handles.map(({ fd }) => String(fd));
      const file = handles.find(({ fd }) => fd === Number(which))?.file;
      return file && `socket:[${file.inode}]`;
    }
    default:
      return undefined;
  }
}

function socketTable({ table }: Sockets): string {
  const lines = table.all().flatMap(({ file }) => {
    if (!(file instanceof DatagramSocket) || file.path === "") return [];
    return `0: 00000002 00000000 00000000 0002 01 ${file.inode} ${file.path}`;
  });
  return ["Num RefCount Protocol Flags Type St Inode Path", ...lines].join("\n");
}
