// What VPP cannot give back of the objects that the manager made, by item key. It outlives the manager in the store.

/** What was applied where VPP has no message that reads it back: plain data. */
export type Notes = Readonly<Record<string, object>>;

export class Memory {
  readonly #claims: Map<string, string>;
  readonly #notes: Map<string, object>;
  #version = 0;
  #savedVersion = 0;

  constructor(claims: Readonly<Record<string, string>> = {}, notes: Notes = {}) {
    this.#claims = new Map(Object.entries(claims));
    this.#notes = new Map(Object.entries(notes));
  }

  /** Marks of ours on objects that bear none in VPP. They are saved before the object is made. */
  get claims(): ReadonlyMap<string, string> {
    return this.#claims;
  }

  /** What was applied. It is saved after the object was made, and forgotten before the object changes. */
  get notes(): ReadonlyMap<string, object> {
    return this.#notes;
  }

  /** Whether something is not in the store yet. */
  get isDirty(): boolean {
    return this.#version !== this.#savedVersion;
  }

  get version(): number {
    return this.#version;
  }

  /** The store has what this was at that version. */
  saved(version: number): void {
    this.#savedVersion = Math.max(this.#savedVersion, version);
  }

  claim(key: string, claim: string): void {
    if (this.#claims.get(key) === claim) return;
    this.#claims.set(key, claim);
    this.#version++;
  }

  note(key: string, value: object): void {
    this.#notes.set(key, value);
    this.#version++;
  }

  forget(key: string): void {
    if (this.#notes.delete(key)) this.#version++;
  }

  /** Drops what is about objects that are gone. The store loses it with its next write. */
  keepOnly(isKept: (key: string) => boolean): void {
    for (const key of this.#claims.keys()) if (!isKept(key)) this.#claims.delete(key);
    for (const key of this.#notes.keys()) if (!isKept(key)) this.#notes.delete(key);
  }

  stored(): { claims: Record<string, string>; notes: Record<string, object> } {
    return { claims: Object.fromEntries(this.#claims), notes: Object.fromEntries(this.#notes) };
  }
}
