// The line of a module to its daemon, in place of HTTP/2: calls and streams that are delayed, cut, or end with a process.
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse, type Transport, type UnaryResponse } from "@connectrpc/connect";
import type { Line } from "../../../lib/module/remote/line.js";
import { type Party, Way, type World } from "../world/index.js";
import { Answers } from "./answers.js";
import type { CallDoor, TakenConnection } from "./call-door.js";

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
class Wire implements TakenConnection {
  readonly toServer: Way;
  readonly toClient: Way;
  readonly flights = new Set<Flight>();
  /** Whether one of the ends is closed. */
  isOver = false;
  readonly #world: World;
  readonly #client: Party;
  /** The daemon's sides of all flights so far. A reset may be lost with the connection. */
  readonly #served = new Set<AbortController>();

  constructor(
    world: World,
    client: Party,
    readonly door: CallDoor,
    before: Way | undefined,
  ) {
    this.#world = world;
    this.#client = client;
    this.toServer = new Way(world.schedule, door.party, before);
    this.toClient = new Way(world.schedule, client);
    door.connections.add(this);
  }

  begin(flight: Flight): void {
    this.flights.add(flight);
    this.#served.add(flight.server);
  }

  /** Ends a flight, once. @returns whether it was under way */
  land(flight: Flight): boolean {
    flight.forget();
    return this.flights.delete(flight);
  }

  /** The module's end is closed: the daemon hears of it. */
  left(): void {
    this.#end();
    this.toServer.send("end", () => this.#abortAll());
  }

  dropped(): void {
    this.#end();
    if (this.door.party.isAlive) this.#abortAll();
    const code = this.#anyCode();
    this.toClient.send("end", () => this.#failAll(code));
  }

  /** It breaks: what is under way is lost. */
  cut(): void {
    this.#end();
    for (const way of [this.toServer, this.toClient]) way.cut();
    const { schedule } = this.#world;
    const code = this.#anyCode();
    schedule.at(schedule.now + schedule.delay(), "cut", () => this.#abortAll(), this.door.party);
    schedule.at(schedule.now + schedule.delay(), "cut", () => this.#failAll(code), this.#client);
  }

  #end(): void {
    this.isOver = true;
    this.door.connections.delete(this);
  }

  #failAll(code: Code): void {
    for (const { fail } of [...this.flights]) fail(lost(code));
  }

  #abortAll(): void {
    for (const server of this.#served) server.abort();
  }

  /** HTTP/2's codes for the end of a connection depend on the progress of the call. */
  #anyCode(): Code {
    return this.#world.schedule.random.chance(0.5) ? Code.Unavailable : Code.Aborted;
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
    wire.begin(flight);
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

  /** A connection stays with its daemon while it is open, wherever the path leads by now. */
  #connected(): Wire | undefined {
    const open = this.#open;
    if (open) return open;
    const door = this.#door();
    this.#wire = door && new Wire(this.#world, this.#client, door, this.#last);
    this.#last = this.#wire?.toServer ?? this.#last;
    return this.#wire;
  }

  get #open(): Wire | undefined {
    return this.#wire?.isOver ? undefined : this.#wire;
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
        const wire = this.#open;
        wire?.toServer.send("ping", () => wire.toClient.send("pong", answer));
      }),
    abort: () => this.left(),
  };

  /** The module's process is gone, or closes the line. */
  left(): void {
    this.#open?.left();
  }

  cut(): void {
    this.#open?.cut();
  }
}

async function* listOf<T extends MessageInitShape<DescMessage>>(messages: readonly T[]): AsyncIterable<T> {
  yield* messages;
}
