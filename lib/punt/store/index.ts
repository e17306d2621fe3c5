// Keeps the desired state beyond the life of the manager.

export { Saver, type Write } from "./saver.js";
export { FileStore, MemoryStore, type Store, type StoredState } from "./store.js";
