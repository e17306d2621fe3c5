// VPP's command line over its API socket, for VPPs of ours and of users: what a script makes has a number that others hardly use.
import { Vpp } from "../../lib/binapi/index.js";

/** Number of the interfaces, of the memif socket, and UDP port of the punt. */
export const NUMBER = 9871;
/** The packet generator's interface. */
export const GENERATOR = `pg${NUMBER}`;

export interface Counters {
  readonly rx: number;
  readonly tx: number;
}

/** Answers that refuse a command, of releases that don't say so otherwise. */
const REFUSAL = /unknown input|parse error|failed|not found/;

/** A connection to a VPP. */
export class Commands {
  readonly vpp: Vpp;

  private constructor(vpp: Vpp) {
    this.vpp = vpp;
  }

  static async connect(socketPath: string): Promise<Commands> {
    return new Commands(await Vpp.connect({ socketPath, schema: "builtin" }));
  }

  /** Runs commands in turn; returns the last answer. */
  async run(...commands: readonly string[]): Promise<string> {
    let answer = "";
    for (const cmd of commands) {
      answer = (await this.vpp.call("cli_inband", { cmd })).reply;
      if (REFUSAL.test(answer)) throw new Error(`${cmd}: ${answer}`);
    }
    return answer;
  }

  /** Runs commands that VPP may refuse: they remove what may not be there. */
  async remove(...commands: readonly string[]): Promise<void> {
    for (const command of commands) await this.run(command).catch(() => {});
  }

  async counters(name: string): Promise<Counters> {
    const text = await this.run(`show interface ${name}`);
    const count = (way: string) => Number(new RegExp(`${way} packets\\s+(\\d+)`).exec(text)?.[1] ?? 0);
    return { rx: count("rx"), tx: count("tx") };
  }

  /** Adds up the error counters whose line matches. */
  async errors(line: RegExp): Promise<number> {
    const lines = (await this.run("show errors")).split("\n").filter((text) => line.test(text));
    return lines.reduce((sum, text) => sum + Number.parseInt(text.trim(), 10), 0);
  }

  /** Starts a stream of the packet generator, in place of the last one; options as those of `packet-generator new`. */
  async generate(options: string, data: string): Promise<void> {
    await this.remove("packet-generator delete bench");
    await this.run(
      `packet-generator new { name bench source ${GENERATOR} ${options} data { ${data} } }`,
      "packet-generator enable-stream bench",
    );
  }

  /** Removes the stream and the generator's interface, which releases before 25.02 keep. */
  async removeGenerator(): Promise<void> {
    await this.remove("packet-generator delete bench", `delete packet-generator interface ${GENERATOR}`);
  }

  close(): Promise<void> {
    return this.vpp.close();
  }
}
