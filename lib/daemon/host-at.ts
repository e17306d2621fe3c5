// The host of the daemon that listens at a socket, as that daemon says.
import { request } from "node:http";
import { Punts } from "../wire/index.js";

/** Milliseconds that a daemon has to answer. A daemon that hangs loses the socket. */
const LONGEST_MS = 1_000;
/** Most bytes of an answer. */
const MOST_BYTES = 1 << 20;

/** Returns the label of the host whose daemon listens at a UNIX socket; undefined if it does not answer, or keeps its punts without etcd. */
export async function hostAt(socketPath: string): Promise<string | undefined> {
  try {
    const { cluster } = JSON.parse(await infoAt(socketPath));
    return typeof cluster?.host === "string" ? cluster.host : undefined;
  } catch {
    return undefined;
  }
}

function infoAt(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(LONGEST_MS);
    const asked = request({ socketPath, path: `/${Punts.typeName}/Info`, method: "POST", headers, signal });
    asked.on("error", reject).on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("error", reject);
      response.on("data", (part: string) => {
        text += part;
        if (text.length > MOST_BYTES) asked.destroy(new Error("the answer is too long"));
      });
      response.on("end", () => resolve(text));
    });
    asked.end("{}");
  });
}
