// The steps of an explanation: a fact each, and whether packets pass it.

/** `fault`: no packet passes. `warning`: some do not, or may not. `unknown`: it cannot be seen from here. */
export type Verdict = "ok" | "warning" | "fault" | "unknown";

/** One place on a packet's way. */
export interface Step {
  /** The place, such as `interface eth0`. */
  readonly place: string;
  /** The fact that was found there. */
  readonly fact: string;
  readonly verdict: Verdict;
  /** The remedy of a fault. */
  readonly remedy?: string;
}

export function ok(place: string, fact: string): Step {
  return { place, fact, verdict: "ok" };
}

export function fault(place: string, fact: string, remedy?: string): Step {
  return { place, fact, verdict: "fault", ...(remedy !== undefined && { remedy }) };
}

export function warning(place: string, fact: string, remedy?: string): Step {
  return { place, fact, verdict: "warning", ...(remedy !== undefined && { remedy }) };
}

export function unknown(place: string, fact: string): Step {
  return { place, fact, verdict: "unknown" };
}
