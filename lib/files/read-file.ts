// Reads files of users without a wait that may never end: Linux blocks who opens a named pipe that nothing writes to.
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorDetails, PuntError } from "../errors.js";

/** The longest wait for the writer of a pipe, and between two looks. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

/** Reads a file, or a pipe up to its end. @throws an error of Linux; ETIMEDOUT: nothing wrote to the pipe */
export async function readBytes(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const isPipe = (await file.stat()).isFIFO();
    return await (isPipe ? readPipe(file, path) : file.readFile());
  } finally {
    await file.close();
  }
}

/**
 * Reads a file of at most `longest` bytes.
 *
 * @throws an error of Linux; EINVAL: something other than a file is there; EFBIG: the file is longer
 */
export async function readRegularFile(path: string, longest = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile() && !found.isDirectory()) throw errorOf("EINVAL", `${path} is not a file`);
    return longest === Number.POSITIVE_INFINITY ? await file.readFile() : await readUpTo(file, path, longest);
  } finally {
    await file.close();
  }
}

/** Returns the error of an operation that could not read a file, with Linux's code. */
export function unreadable(op: string, path: string, cause: unknown, details: ErrorDetails = {}): PuntError {
  const { code = "EIO" } = cause as NodeJS.ErrnoException;
  return new PuntError(op, code, `cannot read ${path}`, { path, ...details }, cause);
}

/** Reads at most one byte more than that, even of a file that grows during the read. */
async function readUpTo(file: FileHandle, path: string, longest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of file.createReadStream({ end: longest, autoClose: false })) {
    chunks.push(chunk);
    length += chunk.length;
  }
  if (length > longest) throw errorOf("EFBIG", `${path} has more than ${longest} bytes`);
  return Buffer.concat(chunks);
}

async function readPipe(file: FileHandle, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const chunk = await readSome(file);
    // A pipe that nothing has opened for writing reads as ended.
    if (chunk?.length === 0 && chunks.length > 0) return Buffer.concat(chunks);
    if (chunk?.length) {
      chunks.push(chunk);
      deadline = performance.now() + PATIENCE_MS;
    } else await sleep(PAUSE_MS);
  }
  throw errorOf("ETIMEDOUT", `nothing was written to the pipe ${path} for ${PATIENCE_MS} ms`);
}

/** Returns undefined if there is nothing to read yet. */
async function readSome(file: FileHandle): Promise<Buffer | undefined> {
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(1 << 16));
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}

function errorOf(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
