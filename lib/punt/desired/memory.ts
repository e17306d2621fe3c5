// Facts about the manager's objects that VPP does not report, by item key. The store keeps them beyond the life of the manager.
import { isDeepStrictEqual } from "node:util";
import type { Note, Notes } from "../items/index.js";

export class Memory {
  readonly #claims: Map<string, string>;
  readonly #notes: Map<string, Note>;
  #version = 0;
  #savedVersion = 0;

  constructor(claims: Readonly<Record<string, string>> = {}, notes: Readonly<Record<string, Note>> = {}) {
    this.#claims = new Map(Object.entries(claims));
    this.#notes = new Map(Object.entries(notes));
  }

  /** Claims on objects that carry no mark in VPP. The store has a claim before the object is created. */
  get claims(): ReadonlyMap<string, string> {
    return this.#claims;
  }

  /** Settings that were applied. The store gets a note after the object was created, and loses it before the object changes. */
  get notes(): Notes {
    return this.#notes;
  }

  /** Whether the store lacks a change. */
  get isDirty(): boolean {
    return this.#version !== this.#savedVersion;
  }

  get version(): number {
    return this.#version;
  }

  /** Called when the store has this memory as it was at `version`. */
  saved(version: number): void {
    this.#savedVersion = Math.max(this.#savedVersion, version);
  }

  claim(key: string, claim: string): void {
    if (this.#claims.get(key) === claim) return;
    this.#claims.set(key, claim);
    this.#version++;
  }

  /** Returns whether it is news. */
  note(key: string, value: Note): boolean {
    if (isDeepStrictEqual(this.#notes.get(key), value)) return false;
    this.#notes.set(key, value);
    this.#version++;
    return true;
  }

  forget(key: string): void {
    if (this.#notes.delete(key)) this.#version++;
  }

  /** Forgets objects that are gone. The store loses them with its next write. */
  keepOnly(isKept: (key: string) => boolean): void {
    for (const key of this.#claims.keys()) if (!isKept(key)) this.#claims.delete(key);
    for (const key of this.#notes.keys()) if (!isKept(key)) this.#notes.delete(key);
  }

  stored(): { claims: Record<string, string>; notes: Record<string, Note> } {
    return { claims: Object.fromEntries(this.#claims), notes: Object.fromEntries(this.#notes) };
  }
}
