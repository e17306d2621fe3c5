// Puts the world's sockets and ports in the place of the addon's.
import type { NativeDescriptor, NativePuntSocketOptions } from "../../../lib/native.js";
import { native } from "../../../lib/native.js";
import { SimulatedInjector, SimulatedPuntSocket } from "./datagrams.js";
import { MemifPort } from "./memifs.js";
import type { Handle } from "./open-files.js";
import { PlainFile, SimulatedPacketSocket } from "./packets.js";
import type { Sockets } from "./sockets.js";
import { PassingSocket, type StreamEnd } from "./streams.js";

/** Functions, as a class may not make another object than its own. @param sockets the sockets of the present world */
export function installNatives(sockets: () => Sockets): void {
  const { table } = { table: () => sockets().table };
  Object.assign(native, {
    connectUnix: (...all: Parameters<Sockets["connect"]>) => sockets().connect(...all),
    bindDatagram: ({ path, vppPath }: { path: string; vppPath: string }) => sockets().bind(path, vppPath),
    removeStaleDatagram: (path: string) => sockets().datagrams.removeStale(path),
    openPath: (op: string, path: string) => sockets().openNamespace(op, path),
    networkNamespace: (fd: number) => [1n, BigInt(sockets().namespace(fd))],
    openPacketSocket: (...all: Parameters<Sockets["openPackets"]>) => sockets().openPackets(...all),
    peerCredentials: (fd: number) => ({ pid: sockets().peerOf(fd).pid, uid: 0, gid: 0, groups: [] }),
    peerPidfd: (fd: number) => table().open(new PlainFile(table(), `process ${sockets().peerOf(fd).pid}`)),
    takeDescriptor: (pid: number, fd: number, inode: number) =>
      sockets().takeFrom(table().schedule.living(pid), fd, inode),
    queueLength: (fd: number) => sockets().datagrams.queueLength(table().fileOf(fd)),
    blockDatagrams: (fd: number) => sockets().datagrams.block(table().fileOf(fd)),
    unblockDatagrams: (fd: number, vppPath: string) => sockets().datagrams.unblock(table().fileOf(fd), vppPath),
    memifOpen: (...all: [never, never]) => new MemifPort(sockets().memifs, ...all),
    PassingListener: function listen({ path }: { path: string }, onConnection: never) {
      return sockets().listen(path, onConnection);
    },
    PassingSocket: function exchange(connected: NativeDescriptor, onReady: () => void) {
      const { passed } = sockets();
      return new PassingSocket(connected as Handle, onReady, (files, to) => passed(files, (to as StreamEnd).party));
    },
    PuntSocket: function open(
      { path, vppPath }: NativePuntSocketOptions,
      _columns: unknown,
      _location: unknown,
      _onBurst: unknown,
      adopted?: NativeDescriptor,
    ) {
      return new SimulatedPuntSocket(sockets().datagrams, path, vppPath, adopted as Handle | undefined);
    },
    PuntInjector: function open(
      vppPath: string,
      _onRoom: unknown,
      _staging: unknown,
      _lengths: unknown,
      adopted?: NativeDescriptor,
    ) {
      return new SimulatedInjector(sockets().datagrams, vppPath, adopted as Handle | undefined);
    },
    PacketSocket: function open(...all: ConstructorParameters<typeof native.PacketSocket>) {
      return new SimulatedPacketSocket(table(), sockets().devices, all[0] as Handle, all[5]);
    },
  });
}
