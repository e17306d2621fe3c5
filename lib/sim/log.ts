/** VPP's log: where the reasons of refusals are, which the API answers only with a number. The newest lines are kept. */
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
