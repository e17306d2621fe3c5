// Notes: settings of our objects that VPP has no message to read back, and facts that VPP tells only once.

/** A note, as the store keeps it. Plain data; the kind that writes it knows its fields. */
export type Note = Readonly<Record<string, string | number | readonly string[]>>;

/** Notes by the key of their item. */
export type Notes = ReadonlyMap<string, Note>;

/** Returns the note of a key. A note without the form, which another version may have stored, counts as none. */
export function readNote<N extends Note>(notes: Notes, key: string, hasForm: (note: Note) => note is N): N | undefined {
  const note = notes.get(key);
  return note && hasForm(note) ? note : undefined;
}
