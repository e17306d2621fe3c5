// The last failure of a step as a note, so that other processes know why a punt is not there.
import { messageOf, PuntError } from "../../errors.js";
import { type Note, type Notes, readNote } from "../items/index.js";
import type { Failure } from "../reconcile/index.js";
import type { PuntFailure } from "../state.js";

const PREFIX = "failure/";

export function failureKey(step: string): string {
  return `${PREFIX}${step}`;
}

/** Returns the key of the step whose failure a note is, or undefined for other notes. */
export function failedStep(key: string): string | undefined {
  return key.startsWith(PREFIX) ? key.slice(PREFIX.length) : undefined;
}

/** Returns a failure for people. */
export function failureOf({ error, attempts, nextTry }: Failure): PuntFailure {
  const { item = "", retval } = error.details as { item?: string; retval?: number };
  const number = retval === undefined ? {} : { number: retval };
  return { item, code: error.code, ...number, message: reasonOf(error), attempts, nextTry: new Date(nextTry) };
}

/** Returns the message of the error beneath, without the names of operations and of the item, which stands beside it. */
function reasonOf({ cause, message }: PuntError): string {
  return cause instanceof PuntError ? messageOf(cause) : message;
}

export function noteOf(failure: Failure): Note {
  return { ...failureOf(failure), nextTry: failure.nextTry };
}

type FailureNote = Note & Omit<PuntFailure, "nextTry"> & { readonly nextTry: number };

/** Returns the failure that another process has noted of a step. */
export function notedFailure(notes: Notes, step: string): PuntFailure | undefined {
  const note = readNote(notes, failureKey(step), isFailure);
  return note && { ...note, nextTry: new Date(note.nextTry) };
}

function isFailure(note: Note): note is FailureNote {
  const texts = [note.item, note.code, note.message];
  const numbers = [note.attempts, note.nextTry, note.number ?? 0];
  return texts.every((text) => typeof text === "string") && numbers.every((number) => typeof number === "number");
}
