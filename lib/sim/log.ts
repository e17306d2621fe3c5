// VPP's log.
/** VPP's log, which has the reasons of refusals. It keeps the newest lines. */
export class VppLog {
  readonly #kept: string[] = [];
  readonly #longest: number;

  constructor(longest = 1000) {
    this.#longest = longest;
  }

  write(line: string): void {
    this.#kept.push(line);
    if (this.#kept.length > this.#longest) this.#kept.shift();
  }

  lines(): string[] {
    return [...this.#kept];
  }
}
