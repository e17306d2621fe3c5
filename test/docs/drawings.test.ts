// The drawings of the documents, and their site: each drawing comes from its source and has words for it; the site leads to each document.
import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { runNode } from "../support/machine/script.js";

const FOLDER = "docs/drawings";
const documents = readdirSync("docs", { recursive: true })
  .map((name) => `docs/${name}`)
  .filter((name) => name.endsWith(".md"));

test("each drawing is what its source draws", async (t) => {
  const { output, code } = await runNode(t, "scripts/drawings.mjs", "--check");
  t.is(code, 0, output);
});

test("each drawing has a title and a text for a screen reader, and is in a document with words in its place", (t) => {
  const images = documents.flatMap((name) => [...readFileSync(name, "utf8").matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)]);
  for (const name of readdirSync(FOLDER)) {
    const svg = readFileSync(`${FOLDER}/${name}`, "utf8");
    t.regex(svg, /role="img" aria-labelledby="title text"/, name);
    t.regex(svg, /<title id="title">.+<\/title>\n<desc id="text">.{40,}<\/desc>/, name);
    const shown = images.filter(([, , file]) => file!.endsWith(`drawings/${name}`));
    t.true(shown.length > 0, `${name} is in no document`);
    for (const [, words] of shown) t.true(words!.length > 30, name);
  }
});

test("the navigation of the site leads to every document", (t) => {
  const config = readFileSync("docs/.vitepress/config.mjs", "utf8");
  for (const document of documents) {
    const name = document.slice("docs/".length, -".md".length);
    t.true(config.includes(`"${name}"`), `docs/.vitepress/config.mjs does not name ${document}`);
  }
});
