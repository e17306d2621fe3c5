// Keeps other sites away: a browser carries out the requests of every page that it shows, also those to this machine.
import type { IncomingHttpHeaders } from "node:http";

/** The part of a request that says where it comes from. */
export interface Origin {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Whether a certificate says whom the browser talks to: TLS itself keeps other names away. */
  readonly isTls: boolean;
}

/** Names of this machine that no DNS server can give to another site. */
const OWN_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** Whether a browser sends it. Programs send none of these headers. */
export function isOfBrowser({ origin, "sec-fetch-site": site }: IncomingHttpHeaders): boolean {
  return origin !== undefined || site !== undefined;
}

/** Returns why a request is not the page's own; undefined if nothing is wrong with it. */
export function objectionTo({ method, headers, isTls }: Origin): string | undefined {
  const host = hostOf(headers);
  if (!isTls && !OWN_NAMES.includes(nameIn(host))) return `the page is at ${OWN_NAMES.join(", ")}, not at "${host}"`;
  if (method === "GET" || method === "HEAD") return undefined;
  const { origin, "sec-fetch-site": site = "same-origin" } = headers;
  if (origin !== undefined && origin !== `${isTls ? "https" : "http"}://${host}`) return `another site asks: ${origin}`;
  return site === "same-origin" ? undefined : `another site asks: ${site}`;
}

/** HTTP/2 has a name of its own for the header. */
function hostOf(headers: IncomingHttpHeaders): string {
  const { host, ":authority": authority } = headers as IncomingHttpHeaders & { readonly ":authority"?: string };
  return host ?? authority ?? "";
}

/** Returns a host without its port. */
function nameIn(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}
