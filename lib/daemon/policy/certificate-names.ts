// Names of certificates against the patterns of rules: a pattern is for names of one kind.
import type { CertificateName, CertificateNameKind } from "../identity.js";
import { matches } from "./judge.js";

/** Whether a name matches one of the patterns. */
export function namesOneOf(patterns: readonly string[], { kind, text }: CertificateName): boolean {
  const hasCase = kind === "URI" || kind === "email";
  return patterns.some((pattern) => {
    const isOfKind = pattern === "*" || kindOf(pattern) === kind;
    return isOfKind && matches(hasCase ? pattern : pattern.toLowerCase(), text);
  });
}

/**
 * Returns the kind of names that a pattern is for. Authorities that give a host its DNS name with care may leave the path of a URI or the
 * first part of a mail address to who asks for the certificate: `*.noc.example` must not take `anybody@x.noc.example`.
 */
function kindOf(pattern: string): CertificateNameKind {
  if (/^[\d.*?]+$|^[\da-f:*?]*:[\da-f:.*?]*$/i.test(pattern)) return "IP Address";
  if (/^[a-z*?][a-z\d+.*?-]*:/i.test(pattern)) return "URI";
  return pattern.includes("@") ? "email" : "DNS";
}
