// Puts calls about the same things in the order in which they came, however long each of them prepares itself.

/**
 * Submits a call, once those before it are submitted or have failed. Those behind it go on when `submit` has returned, whatever its promise
 * waits for.
 */
export type InOrder = <T>(submit: () => Promise<T>) => Promise<T>;

export class CallOrder {
  /** Of each thing: when the last call about it, and all before it, have left their places. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Makes a call about some things. It has its place until it is submitted by `inOrder`, or ends. */
  async during<T>(things: Iterable<string>, call: (inOrder: InOrder) => Promise<T>): Promise<T> {
    const { come, leave } = this.#enter(things);
    try {
      return await call(async (submit) => {
        const coming = come();
        if (coming) await coming;
        try {
          return submit();
        } finally {
          leave();
        }
      });
    } finally {
      leave();
    }
  }

  /** Makes a call about some things once those before it have left their places. It has its own until it calls `leave`, or ends. */
  async after<T>(things: Iterable<string>, call: (leave: () => void) => Promise<T>): Promise<T> {
    const { come, leave } = this.#enter(things);
    try {
      await come();
      return await call(leave);
    } finally {
      leave();
    }
  }

  #enter(things: Iterable<string>): { come: () => Promise<unknown> | undefined; leave: () => void } {
    const own = [...new Set(things)];
    const before = own.flatMap((thing) => this.#last.get(thing) ?? []);
    let leave!: () => void;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const place = Promise.all([left, ...before]).then(() => {
      for (const thing of own) if (this.#last.get(thing) === place) this.#last.delete(thing);
    });
    for (const thing of own) this.#last.set(thing, place);
    return { come: () => (before.length > 0 ? Promise.all(before) : undefined), leave };
  }
}
