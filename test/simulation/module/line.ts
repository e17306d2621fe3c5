// The line of a module to its daemon, in place of HTTP/2: calls and streams that are delayed, cut, or end with a process.
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse, type Transport, type UnaryResponse } from "@connectrpc/connect";
import type { Line } from "../../../lib/module/remote/line.js";
import { type Party, Way, type World } from "../world/index.js";
import { Answers } from "./answers.js";

/** The service of a daemon's process, in memory. */
export interface CallDoor {
  readonly party: Party;
  readonly transport: Transport;
}

/** A call or a stream under way. */
interface Flight {
  /** The daemon's side of it ends with the abort. */
  readonly server: AbortController;
  /** The module hears of its end. */
  fail(error: ConnectError): void;
  /** The module gives it up no more. */
  forget(): void;
}

/** One connection, of one process to one process. */
class Wire {
  readonly toServer: Way;
  readonly toClient: Way;
  readonly flights = new Set<Flight>();
  /** The daemon's sides of all flights so far. A reset may be lost with the connection. */
  readonly served = new Set<AbortController>();

  constructor(
    world: World,
    client: Party,
    readonly door: CallDoor,
    before: Way | undefined,
  ) {
    this.toServer = new Way(world.schedule, door.party, before);
    this.toClient = new Way(world.schedule, client);
  }

  /** Ends a flight, once. @returns whether it was under way */
  land(flight: Flight): boolean {
    flight.forget();
    return this.flights.delete(flight);
  }

  failAll(error: ConnectError): void {
    for (const { fail } of [...this.flights]) fail(error);
  }

  abortAll(): void {
    for (const server of this.served) server.abort();
  }
}

function lost(code: Code): ConnectError {
  return new ConnectError("the connection was lost", code);
}

export class SimulatedLine implements Line {
  readonly #world: World;
  readonly #client: Party;
  readonly #door: () => CallDoor | undefined;
  #wire: Wire | undefined;
  /** The way of the last connection. A daemon reads its UNIX sockets in the order in which something was sent. */
  #last: Way | undefined;

  /**
   * The line of the party that runs now.
   *
   * @param door the daemon's, if a daemon is there
   * @param before the line of the program's process before this one
   */
  constructor(world: World, door: () => CallDoor | undefined, before: SimulatedLine | undefined) {
    this.#last = before ? before.#last : undefined;
    this.#world = world;
    this.#client = world.schedule.party;
    this.#door = door;
  }

  readonly transport: Transport = {
    unary: (method, _signal, timeout, header, input) =>
      new Promise<UnaryResponse<typeof method.input, typeof method.output>>((resolve, reject) => {
        this.#call(_signal, reject, (wire, flight) => {
          const { door, toClient } = wire;
          const answered = (deliver: () => void) =>
            toClient.send("answer of a call", () => wire.land(flight) && deliver());
          door.transport.unary(method, flight.server.signal, timeout, header, input).then(
            (response) => answered(() => resolve(response)),
            (error) => answered(() => reject(error)),
          );
        });
      }),
    stream: async (method, signal, timeout, header, input) => {
      const sent: (typeof input extends AsyncIterable<infer T> ? T : never)[] = [];
      for await (const message of input) sent.push(message);
      const answers = new Answers<MessageShape<typeof method.output>>();
      const reset = this.#call(
        signal,
        (error) => answers.end(error),
        (wire, flight) => {
          const opened = wire.door.transport.stream(method, flight.server.signal, timeout, header, listOf(sent));
          void this.#pump(wire, flight, opened, answers);
        },
      );
      answers.given = reset;
      const empty = { header: new Headers(), trailer: new Headers() };
      return { stream: true, service: method.parent, method, ...empty, message: answers } as never;
    },
  };

  /** Brings what a stream gives to the module, in order. */
  async #pump<I extends DescMessage, O extends DescMessage>(
    wire: Wire,
    flight: Flight,
    opened: Promise<StreamResponse<I, O>>,
    answers: Answers<MessageShape<O>>,
  ): Promise<void> {
    const { toClient } = wire;
    const ended = (error?: unknown) => toClient.send("end of a stream", () => wire.land(flight) && answers.end(error));
    try {
      for await (const message of (await opened).message)
        toClient.send("message", () => wire.flights.has(flight) && answers.put(message));
      ended();
    } catch (error) {
      ended(error);
    }
  }

  /** Begins a call: `arrive` is called as the daemon's. @returns a function that gives it up */
  #call(
    signal: AbortSignal | undefined,
    failed: (error: ConnectError) => void,
    arrive: (wire: Wire, flight: Flight) => void,
  ): () => void {
    const wire = this.#connected();
    if (wire === undefined) {
      const { schedule } = this.#world;
      const cause = Object.assign(new Error("ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" });
      const refused = new ConnectError("no daemon listens", Code.Unavailable, undefined, undefined, cause);
      schedule.at(schedule.now + schedule.delay(), "refused", () => failed(refused), this.#client);
      return () => {};
    }
    const flight: Flight = {
      server: new AbortController(),
      fail: (error) => wire.land(flight) && failed(error),
      forget: () => signal?.removeEventListener("abort", giveUp),
    };
    wire.flights.add(flight);
    wire.served.add(flight.server);
    const giveUp = () => {
      if (!wire.flights.has(flight)) return;
      wire.toServer.send("reset", () => flight.server.abort());
      flight.fail(new ConnectError("given up", Code.Canceled));
    };
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp, { once: true });
    wire.toServer.send("call", () => void (flight.server.signal.aborted || arrive(wire, flight)));
    return giveUp;
  }

  #connected(): Wire | undefined {
    const door = this.#door();
    if (this.#wire?.door !== door) this.#wire = door && new Wire(this.#world, this.#client, door, this.#last);
    this.#last = this.#wire?.toServer ?? this.#last;
    return this.#wire;
  }

  readonly sessions = {
    hasAnswered: true,
    isUnanswered: false,
    isAnswering: (patience: number) =>
      new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), patience);
        const answer = () => {
          clearTimeout(timer);
          resolve(true);
        };
        const wire = this.#wire;
        wire?.toServer.send("ping", () => wire.toClient.send("pong", answer));
      }),
    abort: () => this.left(),
  };

  /** The module's process is gone, or closes the line: the daemon hears of it. */
  left(): void {
    const wire = this.#wire;
    this.#wire = undefined;
    wire?.toServer.send("end", () => wire.abortAll());
  }

  /** The daemon's process is gone. The messages that it sent still arrive. */
  daemonDied(): void {
    const wire = this.#wire;
    this.#wire = undefined;
    wire?.toClient.send("end", () => wire.failAll(lost(this.#anyCode())));
  }

  /** The connection breaks: what is under way is lost. */
  cut(): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    this.#wire = undefined;
    for (const way of [wire.toServer, wire.toClient]) way.cut();
    const { schedule } = this.#world;
    const code = this.#anyCode();
    schedule.at(schedule.now + schedule.delay(), "cut", () => wire.abortAll(), wire.door.party);
    schedule.at(schedule.now + schedule.delay(), "cut", () => wire.failAll(lost(code)), this.#client);
  }

  /** HTTP/2's codes for the end of a connection depend on the progress of the call. */
  #anyCode(): Code {
    return this.#world.schedule.random.chance(0.5) ? Code.Unavailable : Code.Aborted;
  }
}

async function* listOf<T extends MessageInitShape<DescMessage>>(messages: readonly T[]): AsyncIterable<T> {
  yield* messages;
}
