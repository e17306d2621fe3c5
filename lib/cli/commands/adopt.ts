// `vpp-punt adopt`: takes over the objects in VPP that StoneWork made for the same punts.
import { Vpp } from "../../binapi/index.js";
import { type Adoption, PuntManager } from "../../punt/index.js";
import { json, print, printable, yaml } from "../output/index.js";
import { changeLine as line, type ManagedOptions, managerOptions, requestsOf, waitingLines } from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly yes?: boolean;
}

export async function run(file: string, options: Options): Promise<void> {
  const requests = (await requestsOf(file)).withPaths();
  const { yes = false, output } = options;
  const vpp = await Vpp.connect({ socketPath: options.vpp! });
  try {
    const adoption = await PuntManager.adopt(managerOptions(options, vpp, !yes), requests);
    print(
      output === "text" ? adoptionText(adoption, yes) : (output === "json" ? json : yaml)({ done: yes, ...adoption }),
    );
  } finally {
    await vpp.close();
  }
}

function adoptionText({ taken, replaced, steps, punts }: Adoption, done: boolean): string {
  return [
    ...taken.map(({ item, known }) => line("take", `${item}  (${printable(known)})`)),
    ...steps.map(({ action, item, why }) => line(action, `${item}  (${printable(why)})`)),
    ...replaced.map(({ item, known }) => line("delete", `${item}  (after ours is there: ${printable(known)})`)),
    ...waitingLines(punts),
    summary(taken.length, steps.length, replaced.length, done),
  ].join("\n");
}

function summary(taken: number, steps: number, replaced: number, done: boolean): string {
  const counts = `${taken} to take, ${steps} to make, ${replaced} to delete`;
  return done
    ? `Done: ${counts.replaceAll("to take", "taken").replaceAll("to make", "made").replace("to delete", "deleted")}.`
    : `${counts}. Nothing is changed without --yes.`;
}
