// Open descriptors: who is at the other end of one, handing them to other processes, and what is opened for that.

export { type ReceivedDescriptors, type ReceiveOptions, receiveDescriptors } from "./client.js";
export {
  hasReader,
  openPeerProcess,
  type PeerCredentials,
  type PeerSocket,
  peerCredentials,
  processIsAlive,
  refuseDescriptors,
} from "./credentials.js";
export { Descriptor } from "./descriptor.js";
export { FileLock } from "./file-lock.js";
export {
  devicesWithChecksumOffload,
  type MoveDeviceOptions,
  moveDevice,
  type Namespace,
  type NamespaceIdentity,
  networkNamespace,
  OWN_NAMESPACE,
  openNamespace,
  setChecksumOffload,
} from "./namespace.js";
export {
  type BoundPuntSocketOptions,
  bindPuntSocket,
  connectMemifControl,
  connectPuntSocket,
  type OpenPacketSocketOptions,
  openPacketSocket,
  removeStalePuntSocket,
} from "./open.js";
export type { ExchangeOptions } from "./options.js";
export { blockDatagrams, queueLength, takeDatagramSocket, unblockDatagrams } from "./queue.js";
export {
  type DescriptorAnswer,
  type DescriptorHandler,
  type DescriptorRequest,
  DescriptorServer,
  type DescriptorServerOptions,
} from "./server.js";
export { listenInPlaceOfStale } from "./stale-socket.js";
