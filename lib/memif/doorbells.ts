// When peers' doorbells ring: at once, or once at the end of the receive handler that sends.

/** A transmit queue that has sent and has not rung yet. */
export interface Bell {
  ringDoorbell(): void;
}

let depth = 0;
let waiting: Bell[] = [];

/** Begins a receive handler: every queue that it sends on rings its peer's doorbell once, at the end. */
export function startHandler(): void {
  depth++;
}

/** Ends a receive handler that has returned or thrown. */
export function endHandler(): void {
  if (--depth === 0 && waiting.length > 0) ringAll();
}

/** Returns whether `ring` would ring at once: no receive handler is running. */
export function ringsNow(): boolean {
  return depth === 0;
}

/** Rings now, or when the running handler ends. */
export function ring(bell: Bell): void {
  if (depth === 0) bell.ringDoorbell();
  else if (!waiting.includes(bell)) waiting.push(bell);
}

/** Rings what waits for the end of the running handler, which is about to wait for an answer itself. */
export function ringWaiting(): void {
  if (waiting.length > 0) ringAll();
}

function ringAll(): void {
  const bells = waiting;
  waiting = [];
  for (const bell of bells) bell.ringDoorbell();
}
