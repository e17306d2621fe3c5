// Stores, which keep the desired state beyond the life of the manager.

export { loaded, storedWithin } from "./custom.js";
export { FileStore } from "./file-store.js";
export { Saver, type Write } from "./saver.js";
export { type ManagerIdentity, MemoryStore, type Store, type StoredState } from "./store.js";
export { StoreLock } from "./store-lock.js";
