// Requests without the path of their punt socket: the program that makes the socket fills the path in.
import { hasField, type PuntIdInput, type PuntRequestInput } from "./request.js";

type Pathless<R> = R extends { socketPath: string } ? Omit<R, "socketPath"> & { readonly socketPath?: string } : R;

/** A request. The path of its punt socket may be left out. */
export type PathlessRequestInput = Pathless<PuntRequestInput>;

/** Returns whether the type of the request has a punt socket, and the request does not name its path. */
export function lacksSocketPath(input: unknown): boolean {
  const { type, socketPath } = Object(input) as { readonly type?: unknown; readonly socketPath?: unknown };
  return socketPath === undefined && hasField(type, "socketPath");
}

/** Returns the request for UDP datagrams to one port of VPP. */
export function udpRequest(id: PuntIdInput, af: "IPV4" | "IPV6", port: number): PathlessRequestInput {
  return { ...id, type: "PUNT_TO_SOCKET", toHost: { af, protocol: "UDP", port } };
}
