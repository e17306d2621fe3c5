// A host and a port as one text.

/** Returns `host:port`. An IPv6 address has colons of its own, and so gets brackets, as in a URL. */
export function hostPort(host: string, port: number | undefined): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
