/** A transmit queue that has sent without ringing yet. */
export interface Bell {
  ringDoorbell(): void;
}

let depth = 0;
let waiting: Bell[] = [];

/** A receive handler begins: every queue it sends on rings its peer's doorbell once, at its end. */
export function startHandler(): void {
  depth++;
}

/** It has returned, or thrown. */
export function endHandler(): void {
  if (--depth === 0 && waiting.length > 0) ringAll();
}

/** Rings now, or when the running handler is done. */
export function ring(bell: Bell): void {
  if (depth === 0) bell.ringDoorbell();
  else if (!waiting.includes(bell)) waiting.push(bell);
}

function ringAll(): void {
  const bells = waiting;
  waiting = [];
  for (const bell of bells) bell.ringDoorbell();
}
