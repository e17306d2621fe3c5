// Announces a module to StoneWork, and again while no StoneWork is connected.
import type { PuntError } from "../../errors.js";
import type { Logger } from "../../logger.js";
import { type Announcement, announce } from "../announcement.js";

/** The pause doubles up to this multiple of the first one. */
const MOST_PAUSES = 6;

export interface AnnouncerOptions {
  /** Folder of the file. */
  readonly discovery: string;
  readonly announcement: Announcement;
  /** Milliseconds until the first look whether StoneWork is connected. */
  readonly pause: number;
  readonly logger: Logger;
  isConnected(): boolean;
}

/**
 * StoneWork greets a module once for each time that the file is written, and gives up after 3 s. A module that was out of reach then, when
 * StoneWork had started again, would never be greeted. A StoneWork that is connected is left in peace.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  #pause: number;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#pause = options.pause;
  }

  /** Announces the module. @throws PuntError an errno name: the file cannot be written */
  async start(): Promise<void> {
    const { discovery, announcement } = this.#options;
    await announce(discovery, announcement);
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), this.#pause).unref();
  }

  async #look(): Promise<void> {
    const { discovery, announcement, pause, logger, isConnected } = this.#options;
    if (isConnected()) this.#pause = pause;
    else {
      this.#pause = Math.min(2 * this.#pause, MOST_PAUSES * pause);
      const { label } = announcement;
      await announce(discovery, announcement).then(
        () => logger.info({ label }, "no StoneWork is connected: the module is announced again"),
        (err: PuntError) => logger.warn({ label, err }, "the module cannot be announced again"),
      );
    }
    this.#wait();
  }
}
