// Builds the documents' site in dist/site: the pages by VitePress, the API reference by typedoc, and the files that pages link to.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deadLinks } from "./site/links.mjs";

const HELP = `usage: npm run docs:site

Builds the documents' site in dist/site, and fails where a link leads nowhere. SITE_BASE is the path that the site is served under, such
as /vpp-punt/. Any server of files can serve it: npx vitepress preview docs`;

const [word] = process.argv.slice(2);
if (word !== undefined) {
  console.log(word === "--help" ? HELP : `site: ${word} is not an option; there is --help`);
  process.exit(word === "--help" ? 0 : 2);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const site = join(root, "dist/site");
const base = process.env.SITE_BASE ?? "/";

/** Folders whose files pages link to. */
const FOLDERS = ["examples", "deploy", "proto"];

/** Copies a folder, with a page that lists its files. */
function copyFolder(name) {
  const names = readdirSync(join(root, name), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = names.map((entry) =>
    join(entry.parentPath ?? entry.path, entry.name).slice(root.length + name.length + 2),
  );
  cpSync(join(root, name), join(site, name), { recursive: true });
  const items = files.sort().map((file) => `<li><a href="${file}">${file}</a></li>`);
  const head = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><h1>${name}</h1>`;
  writeFileSync(join(site, name, "index.html"), `${head}<ul>${items.join("\n")}</ul></html>\n`);
}

const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
rmSync(site, { recursive: true, force: true });
mkdirSync(site, { recursive: true });
node("node_modules/vitepress/bin/vitepress.js", "build", "docs", "--base", base);
// The reference leads back to the documents, wherever the site is served.
const reference = { extends: ["../typedoc.json"], navigationLinks: { Documents: `${base}index.html` } };
writeFileSync(join(root, "dist/typedoc.json"), JSON.stringify(reference));
node(
  "node_modules/typedoc/bin/typedoc",
  ...["--options", "dist/typedoc.json", "--out", join(site, "api"), "--logLevel", "Warn"],
);
for (const folder of FOLDERS) copyFolder(folder);
// typedoc checks the links of its own pages.
const { pages, dead } = deadLinks(site, base, (name) => !name.startsWith("api/"));
for (const line of dead) console.log(line);
console.log(`${pages} pages, ${dead.length} dead links`);
process.exitCode = dead.length === 0 ? 0 : 1;
