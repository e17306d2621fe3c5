// Performs tasks in the order of their dependencies, a limited number at a time.

/** Tasks under way at once. VPP answers in order; more tasks would only fill its queues. */
const WINDOW = 256;

interface Keyed {
  readonly key: string;
}

/**
 * Performs each task after the tasks that it waits for. `perform` gets their keys, and never rejects. A task that waits holds no
 * promise: ten thousand of them cost a counter each. Tasks that wait for each other in a circle are not performed.
 */
export async function performInOrder<Task extends Keyed>(
  tasks: readonly Task[],
  waitsFor: (task: Task) => string[],
  perform: (task: Task, first: readonly string[]) => Promise<void>,
): Promise<void> {
  const order = new Order(tasks, waitsFor);
  await new Promise<void>((resolve, reject) => {
    let running = 0;
    const start = ({ task, first }: Waiting<Task>) => {
      running++;
      perform(task, first).then(() => {
        running--;
        order.settled(task);
        startReady();
      }, reject);
    };
    const startReady = () => {
      while (running < WINDOW && order.hasReady) start(order.take());
      if (running === 0) resolve();
    };
    startReady();
  });
}

interface Waiting<Task> {
  readonly task: Task;
  /** Keys of all tasks and other things that it waits for. */
  readonly first: readonly string[];
  /** Tasks that it waits for and that are not settled. */
  left: number;
}

class Order<Task extends Keyed> {
  readonly #ready: Waiting<Task>[] = [];
  #taken = 0;
  readonly #followers = new Map<string, Waiting<Task>[]>();

  constructor(tasks: readonly Task[], waitsFor: (task: Task) => string[]) {
    const keys = new Set(tasks.map(({ key }) => key));
    for (const task of tasks) {
      const first = waitsFor(task);
      const before = new Set(first.filter((key) => key !== task.key && keys.has(key)));
      const waiting = { task, first, left: before.size };
      for (const key of before) this.#follow(key, waiting);
      if (before.size === 0) this.#ready.push(waiting);
    }
  }

  #follow(key: string, waiting: Waiting<Task>): void {
    const followers = this.#followers.get(key);
    if (followers) followers.push(waiting);
    else this.#followers.set(key, [waiting]);
  }

  /** Whether a task waits for nothing. */
  get hasReady(): boolean {
    return this.#taken < this.#ready.length;
  }

  /** Returns the next task that waits for nothing. */
  take(): Waiting<Task> {
    return this.#ready[this.#taken++]!;
  }

  settled({ key }: Task): void {
    for (const waiting of this.#followers.get(key) ?? []) if (--waiting.left === 0) this.#ready.push(waiting);
  }
}
