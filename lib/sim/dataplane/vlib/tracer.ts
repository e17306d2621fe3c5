// The packet tracer: the nodes that marked packets pass, as VPP's `show trace` prints them.

/** The way of one packet: its nodes, and what each of them says. */
export class PacketTrace {
  readonly #hops: { readonly time: number; readonly node: string; readonly text: string }[] = [];

  hop(node: string, text = ""): void {
    this.#hops.push({ time: performance.now(), node, text });
  }

  toString(): string {
    return this.#hops.map(({ time, node, text }) => `${stamp(time)}: ${node}${text && `\n  ${text}`}`).join("\n");
  }
}

/** VPP's form of a time: hours, minutes, seconds, microseconds. */
function stamp(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const micros = String(Math.floor((ms * 1000) % 1_000_000)).padStart(6, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}:${micros}`;
}

/** The packets that are traced, by the input node that they come from. */
export class Tracer {
  readonly #wanted = new Map<string, number>();
  #traces: PacketTrace[] = [];

  /** Traces the next packets of an input node. */
  add(node: string, count: number): void {
    this.#wanted.set(node, (this.#wanted.get(node) ?? 0) + count);
  }

  /** Forgets all traces, and traces no more packets. */
  clear(): void {
    this.#wanted.clear();
    this.#traces = [];
  }

  /** Returns the trace of a packet that an input node takes in; undefined if it is not traced. */
  begin(node: string, about: () => string): PacketTrace | undefined {
    if (this.#wanted.size === 0) return undefined;
    const count = this.#wanted.get(node) ?? 0;
    if (count === 0) return undefined;
    this.#wanted.set(node, count - 1);
    const trace = new PacketTrace();
    trace.hop(node, about());
    this.#traces.push(trace);
    return trace;
  }

  toString(): string {
    const head = "------------------- Start of thread 0 vpp_main -------------------";
    if (this.#traces.length === 0) return `${head}\nNo packets in trace buffer`;
    return [head, ...this.#traces.map((trace, index) => `Packet ${index + 1}\n\n${trace}\n`)].join("\n");
  }
}
