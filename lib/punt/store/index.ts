// Stores, which keep the desired state beyond the life of the manager.

export { FileStore } from "./file-store.js";
export { Saver, type Write } from "./saver.js";
export { MemoryStore, type Store, type StoredState } from "./store.js";
