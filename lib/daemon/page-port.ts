// The page of a daemon: at its UNIX sockets, at its TCP door, and at a port of this machine.
import type { AuditLog } from "./audit.js";
import { type Door, type Handler, openPageDoor } from "./doors/index.js";
import { callerText, type PageCaller } from "./identity.js";
import type { CheckedDaemonOptions } from "./options.js";
import { type PageFiles, withPage } from "./page/index.js";
import { peerUser } from "./tcp-peer.js";

/** Returns the handler of all doors, with the page beside the calls. The audit log gets what it refuses. */
export function pageHandler(calls: Handler, files: PageFiles, audit: AuditLog): Handler {
  return withPage(calls, {
    files,
    refused: (from, message) => {
      const caller = from === undefined ? "unknown" : callerText(from);
      audit.write({ caller, call: "page", decision: "refused", code: "ERR_POLICY", message });
    },
  });
}

/** Opens the port of this machine, if the options name one. @throws PuntError EADDRINUSE, EACCES or another errno name */
export async function openPagePort({ page }: CheckedDaemonOptions, handler: Handler): Promise<Door | undefined> {
  if (page?.port === undefined) return undefined;
  return openPageDoor(page, handler, async (socket): Promise<PageCaller> => {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    return { kind: "page", uid: await peerUser({ remoteAddress, remotePort, localAddress, localPort }) };
  });
}
