/** VPP's log: where the reasons of refusals are, which the API answers only with a number. The newest lines are kept. */
export class VppLog {
  private readonly kept: string[] = [];

  constructor(private readonly longest = 1000) {}

  write(line: string): void {
    this.kept.push(line);
    if (this.kept.length > this.longest) this.kept.shift();
  }

  lines(): string[] {
    return [...this.kept];
  }
}
