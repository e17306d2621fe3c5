// All that processes of the world open, pass on and take over, in place of the kernel.
import type { Files } from "../world/files.js";
import type { Party, Schedule } from "../world/schedule.js";
import { DatagramSocket, Datagrams } from "./datagrams.js";
import { Memifs } from "./memifs.js";
import { NetworkNamespaces } from "./namespaces.js";
import { type Handle, type OpenFile, OpenFiles, refusal } from "./open-files.js";
import { type Devices, PacketFile, PlainFile, SimulatedPacketSocket } from "./packets.js";
import { Listener, type StreamEnd } from "./streams.js";

export class Sockets {
  readonly table: OpenFiles;
  readonly datagrams: Datagrams;
  readonly memifs: Memifs;
  /** Called when files are passed to a process. @throws an Error if they may not be */
  passed: (files: readonly OpenFile[], to: Party) => void = () => {};
  devices: Devices = () => false;
  readonly namespaces = new NetworkNamespaces();
  readonly #listeners = new Set<Listener>();
  /** The numbers of namespaces. */
  readonly #numbers = new Map<string, number>();

  constructor(schedule: Schedule, files: Files) {
    this.table = new OpenFiles(schedule, files);
    this.datagrams = new Datagrams(this.table);
    this.memifs = new Memifs(this.table);
  }

  /** In place of the addon's connectUnix. */
  connect(op: string, path: string, type: "stream" | "seqpacket" | "dgram"): Handle {
    if (type !== "stream") this.#checkIsAsked(path);
    if (type === "dgram") return this.datagrams.connect(op, path);
    if (type === "seqpacket") return this.memifs.connect(op, path);
    this.table.check("attach", op);
    const listener = [...this.#listeners].find((each) => each.isAt(path) && each.party.isAlive);
    if (this.table.files.kind(path) === undefined) throw refusal(op, "ENOENT", path);
    if (listener === undefined) throw refusal(op, "ECONNREFUSED", path);
    return this.table.open(listener.connect(op));
  }

  /** In place of the addon's bindDatagram. */
  bind(path: string, vppPath: string): Handle {
    this.#checkIsAsked(path);
    return this.datagrams.bind(path, vppPath);
  }

  /** A daemon opens an end for an exchange that is under way. Any other end would take the place of a program's. */
  #checkIsAsked(path: string): void {
    const { schedule } = this.table;
    const { party } = schedule;
    if (![...this.#listeners].some((listener) => listener.party === party)) return;
    if (!this.table.portsOf(party).some(({ isPassing }) => isPassing))
      schedule.fail(new Error(`${party.name} opens an end at ${path}, and no exchange waits for it`));
  }

  listen(path: string, onConnection: ConstructorParameters<typeof Listener>[2]): Listener {
    const listener = new Listener(this.table, path, onConnection);
    this.#listeners.add(listener);
    return listener;
  }

  /** The process at the other end of a connection. */
  peerOf(fd: number): Party {
    return (this.table.fileOf(fd) as StreamEnd).peer!.party;
  }

  openNamespace(op: string, path: string): Handle {
    this.table.check("namespace", op);
    const found = this.namespaces.at(path);
    if (found === undefined) throw refusal(op, "ENOENT", path);
    return this.table.open(new PlainFile(this.table, found));
  }

  /** Returns the number of the namespace behind a descriptor. */
  namespace(fd: number): number {
    const { text } = this.table.fileOf(fd);
    const known = this.#numbers.get(text) ?? this.#numbers.size + 1;
    this.#numbers.set(text, known);
    return known;
  }

  /** In place of the addon's openPacketSocket. @param fd of the namespace; -1 for the machine's own */
  openPackets(device: string, fd: number): Handle {
    return PacketFile.open(this.table, { device, place: fd < 0 ? "" : this.table.fileOf(fd).text }, this.devices);
  }

  /** The punt socket of a process, by its number there. */
  takeFrom(party: Party | undefined, fd: number, inode: number): Handle {
    const found = party && this.table.handlesOf(party).find((handle) => handle.fd === fd)?.file;
    if (!(found instanceof DatagramSocket) || found.inode !== inode)
      throw refusal("descriptor.take", "EBADF", `descriptor ${fd}`);
    return this.table.open(found);
  }

  /** A process of no CNF connects and says nothing, until it is gone. */
  beSilent(path: string, clients: number): Party {
    const { schedule } = this.table;
    const party = schedule.newParty("silent");
    schedule.as(party, () => {
      for (let left = clients; left > 0; left--)
        try {
          this.connect("silent", path, "stream");
        } catch {
          return;
        }
    });
    return party;
  }

  /** Devices may be gone: the kernel tells the packet sockets that are bound to one. */
  devicesGone(): void {
    for (const port of this.table.ports()) if (port instanceof SimulatedPacketSocket && !port.isConnected) port.lost();
  }

  /** Closes all that a dead party had, as the kernel does. */
  leave(party: Party): void {
    this.table.leave(party);
    this.memifs.leave(party);
    for (const listener of this.#listeners) if (listener.party === party) this.#listeners.delete(listener);
  }

  /** Returns the files that a party holds, and that no end of a punt has taken over. */
  strays(party: Party): string[] {
    const ports = this.table.portsOf(party).filter(({ isPassing }) => !isPassing);
    const taken = new Set(ports.map(({ handle }) => handle));
    return this.table
      .handlesOf(party)
      .filter((handle) => !taken.has(handle))
      .map(({ file }) => file!.text);
  }

  /** Returns the ends of punts that a party has open. */
  endsOf(party: Party): { readonly end: string; readonly isConnected: boolean }[] {
    return this.table.portsOf(party).flatMap(({ end, isConnected }) => (end === undefined ? [] : { end, isConnected }));
  }
}
