// Peers of descriptor servers that keep to no protocol: small Python programs with the system's own calls.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";

export { until } from "../until.js";

/** A folder for the sockets of one test. */
export function socketFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-test-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

const PREAMBLE = `
import array, os, socket, struct, sys, time
path = sys.argv[1]
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(path)
    return s
def frame(payload, descriptors=0, kind=0):
    return struct.pack(">IBBHI", 0x56504601, kind, 0, descriptors, len(payload)) + payload
def send(s, data, fds=[]):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    s.sendmsg([data], rights)
def end(s):
    try:
        while s.recv(4096): pass
    except ConnectionResetError: pass
`;

/** Runs Python with helpers (connect, frame, send, end) against the server at the path; resolves with what it printed. */
export function python(t: ExecutionContext, path: string, code: string, user?: number): Promise<string> {
  const as = user === undefined ? {} : { uid: user, gid: user };
  const child = spawn("python3", ["-c", PREAMBLE + code, path], { stdio: ["ignore", "pipe", "inherit"], ...as });
  t.teardown(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}
