// `vpp-punt validate`: checks files of punts, without VPP.
import { PuntError } from "../../errors.js";
import type { FileProblem } from "../../punt/index.js";
import { errorObject, exitWith, fail } from "../ending/index.js";
import { counted, json, print } from "../output/index.js";
import { requestsOf } from "../punts/index.js";

interface Checked {
  readonly file: string;
  readonly valid: boolean;
  readonly punts?: number;
  readonly problems?: readonly FileProblem[];
  /** Why the file cannot be read. */
  readonly error?: object;
}

export async function run(files: readonly string[], { output }: { output: string }): Promise<void> {
  const checked: Checked[] = [];
  for (const file of files) checked.push(await check(file, output));
  if (output === "json") print(json({ files: checked }));
  if (checked.some(({ error }) => error !== undefined)) exitWith("failed");
  if (checked.some(({ problems }) => problems !== undefined)) exitWith("usage");
}

async function check(file: string, output: string): Promise<Checked> {
  try {
    const { requests } = await requestsOf(file);
    if (output !== "json") print(`${file}: ${counted(requests.length, "punt")}, valid`);
    return { file, valid: true, punts: requests.length };
  } catch (error) {
    if (!(error instanceof PuntError)) throw error;
    const problems = error.details.problems as FileProblem[] | undefined;
    if (output !== "json") fail(error, false);
    return { file, valid: false, ...(problems ? { problems } : { error: errorObject(error) }) };
  }
}
