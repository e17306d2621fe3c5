// A peer that passes the last descriptor of a TCP connection whose close waits: for ten minutes, or for the peer's end.
import { existsSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { python, until } from "./peer.js";

/** How long the peer lives, in seconds: a thread that closes its connection waits for that long. */
const LIFE_S = 60;

const PREAMBLE = `
import signal
kept = []
def lingering():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    connection = socket.socket()
    connection.connect(listener.getsockname())
    kept.extend([listener, listener.accept()[0]])
    connection.setblocking(False)
    for pause in [0.2, 0.2, 0]:
        try:
            while True: connection.send(bytes(65536))
        except BlockingIOError: time.sleep(pause)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
    return connection.detach()
last = lingering()
def stopped(process):
    tasks = "/proc/%d/task/" % process
    return all(") T " in open(tasks + task + "/stat").read() for task in os.listdir(tasks))
def pass_last(s, data, others=[]):
    # The test's process does not receive it before this one has closed its own.
    os.kill(os.getppid(), signal.SIGSTOP)
    while not stopped(os.getppid()): pass
    send(s, data, [*others, last])
    os.close(last)
    os.kill(os.getppid(), signal.SIGCONT)
def sequenced():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(path)
    return s
`;

export interface LingeringPeer {
  /** Resolves when the peer has carried out the command. */
  hasPassed(): Promise<unknown>;
  /** Whether the peer has ended, and with it each wait for its connection. */
  hasEnded(): boolean;
}

/** Runs Python with `pass_last(socket, bytes, descriptors before it)` beside the helpers of `python`. */
export function lingeringPeer(t: ExecutionContext, path: string, code: string): LingeringPeer {
  const [passed, ended] = [`${path}.passed`, `${path}.ended`];
  const life = `open("${passed}", "w")\ntime.sleep(${LIFE_S})\nopen("${ended}", "w")`;
  void python(t, path, `${PREAMBLE}\n${code}\n${life}`);
  return { hasPassed: () => until(() => existsSync(passed)), hasEnded: () => existsSync(ended) };
}
