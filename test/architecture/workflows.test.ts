// The workflows name each action by its commit, because its author can move a tag.
import { readdirSync, readFileSync } from "node:fs";
import test from "ava";

const folder = ".github/workflows";
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(`${folder}/${name}`, "utf8") }));

for (const { name, text } of workflows)
  test(`${name} names its actions by their commits, and its job begins without any right`, (t) => {
    const used = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action!);
    t.true(used.length > 0);
    for (const action of used) t.regex(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    t.regex(text, /^permissions: \{\}$/m);
  });
