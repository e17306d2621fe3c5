// Certificates and keys in PEM: which of them cannot be used, and why.
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";

/** The files of one side of TLS. */
export interface PemParts {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** Returns the first part that cannot be used, with the reason; undefined if all can. */
export function pemProblem({ ca, cert, key }: PemParts): { part: keyof PemParts; reason: string } | undefined {
  const checks = [
    ["ca", () => ca !== undefined && requireCertificates(`${ca}`)],
    ["cert", () => createSecureContext({ cert })],
    ["key", () => createSecureContext({ key })],
    // It may be another certificate's.
    ["key", () => createSecureContext({ cert, key })],
  ] as const;
  for (const [part, check] of checks) {
    try {
      check();
    } catch (error) {
      return { part, reason: (error as Error).message };
    }
  }
  return undefined;
}

/** OpenSSL takes a CA without a certificate, and then trusts no peer. */
function requireCertificates(text: string): void {
  const blocks = text.split(/(?=-----BEGIN )/).filter((block) => /^-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(block));
  if (blocks.length === 0) throw new Error("it has no certificate");
  for (const block of blocks) new X509Certificate(block);
}
