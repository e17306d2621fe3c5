// The sockets where daemons take calls, in place of HTTP/2 servers: files, and the connections that came by them.
import type { Transport } from "@connectrpc/connect";
import type { Door } from "../../../lib/daemon/doors/index.js";
import type { Party, World } from "../world/index.js";

/** A connection, as its daemon has it. */
export interface TakenConnection {
  /** The daemon's end is closed. Its messages so far still arrive. */
  dropped(): void;
}

export class CallDoor implements Door {
  readonly party: Party;
  readonly connections = new Set<TakenConnection>();
  readonly #files: World["files"];
  readonly #inode: bigint;
  #isClosed = false;

  /** @param transport leads to the service of the daemon, whose party runs now */
  constructor(
    { schedule, files }: World,
    readonly path: string,
    readonly transport: Transport,
  ) {
    this.party = schedule.party;
    this.#files = files;
    files.bind(path);
    this.#inode = files.stat(path).ino;
  }

  /** Whether a client that connects to a path comes to this door. */
  isAt(path: string): boolean {
    if (this.#isClosed || !this.party.isAlive) return false;
    return this.#files.kind(path) === "socket" && this.#files.stat(path).ino === this.#inode;
  }

  drop(): void {
    for (const connection of [...this.connections]) connection.dropped();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.drop();
  }
}

/** All doors for calls of the world. */
export class CallDoors {
  readonly #world: World;
  readonly #doors = new Set<CallDoor>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Opens the door of the daemon whose party runs now. */
  open(path: string, transport: Transport): CallDoor {
    const door = new CallDoor(this.#world, path, transport);
    this.#doors.add(door);
    return door;
  }

  /** The door that a path leads to. */
  at(path: string): CallDoor | undefined {
    return [...this.#doors].find((door) => door.isAt(path));
  }

  /** The process of a party is gone. Its files stay. */
  leave(party: Party): void {
    for (const door of this.#doors) {
      if (door.party !== party) continue;
      door.drop();
      this.#doors.delete(door);
    }
  }
}
