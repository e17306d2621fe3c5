// `vpp-punt validate`: checks files of punts, without VPP.
import { PuntError } from "../../errors.js";
import type { FileProblem } from "../../punt/index.js";
import { exitWith, fail } from "../ending/index.js";
import { counted, json, print } from "../output/index.js";
import { requestsOf } from "../punts/index.js";

interface Checked {
  readonly file: string;
  readonly valid: boolean;
  readonly punts?: number;
  readonly problems?: readonly FileProblem[];
}

export async function run(files: readonly string[], { output }: { output: string }): Promise<void> {
  const checked: Checked[] = [];
  for (const file of files) checked.push(await check(file, output));
  if (output === "json") print(json({ files: checked }));
  if (checked.some(({ valid }) => !valid)) exitWith("usage");
}

async function check(file: string, output: string): Promise<Checked> {
  try {
    const { length } = await requestsOf(file);
    if (output !== "json") print(`${file}: ${counted(length, "punt")}, valid`);
    return { file, valid: true, punts: length };
  } catch (error) {
    const problems = error instanceof PuntError ? (error.details.problems as FileProblem[] | undefined) : undefined;
    if (problems === undefined) throw error;
    if (output !== "json") fail(error, false);
    return { file, valid: false, problems };
  }
}
