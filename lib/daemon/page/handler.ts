// Serves the page beside the calls, and refuses requests that other sites make a browser send.
import { callerOf, type DoorRequest, type Handler } from "../doors/index.js";
import type { Caller } from "../identity.js";
import type { PageFile, PageFiles } from "./files.js";
import { isOfBrowser, objectionTo } from "./guard.js";

type Response = Parameters<Handler>[1];

/** Nothing but the page's own files: no inline code or style, no other host, no frame around it. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": CONTENT_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

const A_YEAR = "public, max-age=31536000, immutable";

export interface PageOptions {
  readonly files: PageFiles;
  /** A request was refused, and why. */
  refused(caller: Caller | undefined, reason: string): void;
}

/** Returns a handler that serves the page, and hands on calls. */
export function withPage(calls: Handler, { files, refused }: PageOptions): Handler {
  return (request, response) => {
    const { method = "", headers } = request;
    const caller = callerOf(request);
    const isLook = method === "GET" || method === "HEAD";
    if (isLook || caller?.kind === "page" || isOfBrowser(headers)) {
      const reason = objectionTo({ method, headers, isTls: caller?.kind === "tls" });
      if (reason !== undefined) {
        refused(caller, reason);
        return answer(response, 403, `${reason}\n`);
      }
    }
    if (!isLook) return calls(request, response);
    const file = files.get(pathOf(request));
    if (file === undefined) return answer(response, 404, "there is no such file\n");
    send(response, file, method === "HEAD");
  };
}

function pathOf({ url = "/" }: DoorRequest): string {
  return url.split("?")[0]!;
}

function answer(response: Response, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  response.end(text);
}

function send(response: Response, { type, body, isFixed }: PageFile, isHead: boolean): void {
  const kept = isFixed ? A_YEAR : "no-cache";
  response.writeHead(200, {
    ...HEADERS,
    "content-type": type,
    "content-length": body.length,
    "cache-control": kept,
  });
  response.end(isHead ? "" : body);
}
