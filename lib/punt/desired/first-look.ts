// The wait of changes for the first look at VPP, which tells the names of its interfaces.

/** Milliseconds that changes wait at most: a VPP that does not answer does not hold them up. */
const WITHIN_MS = 1000;

export class FirstLook {
  #done: Promise<void> | undefined;
  #end: () => void = () => {};

  /** Tells that the look begins. */
  begin(): void {
    this.#done = new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.end(), WITHIN_MS);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Tells that VPP was looked at, or cannot be. */
  end(): void {
    this.#end();
    this.#done = undefined;
  }

  /** The wait, while there is one. */
  get done(): Promise<void> | undefined {
    return this.#done;
  }
}
