// A host and a port as one text.

/** Returns `host:port`. An IPv6 address has colons of its own, and so gets brackets, as in a URL. */
export function hostPort(host: string, port: number | undefined): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Reads what `hostPort` returns, with a port from 1 to 65535; undefined for other text. */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  return host !== undefined && port >= 1 && port <= 65535 ? { host, port } : undefined;
}
