// Builds the page of the daemon: one script, one style sheet and an icon, each with the hash of its content in its name.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HELP = `usage: npm run build:page

Builds the page that the daemon serves, into dist/page.`;

if (process.argv.length > 2) {
  const isHelp = process.argv[2] === "--help";
  console.log(isHelp ? HELP : `page: ${process.argv[2]} is not an option; there is --help`);
  process.exit(isHelp ? 0 : 2);
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "page");
const target = join(root, "dist/page");

/** Writes a file under a name with the hash of its content; returns the name. */
function put(name, ending, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const file = `${name}-${hash}.${ending}`;
  writeFileSync(join(target, file), content);
  return file;
}

async function bundle(file) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(source, file)],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    write: false,
  });
  return { content: outputFiles[0].contents, inputs: Object.keys(metafile.inputs) };
}

/** The licenses of the libraries inside. */
function licenses(inputs) {
  const folders = inputs.map((file) => /^(?:.*\/)?node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? "" : `\n\n${readFileSync(join(root, folder, file), "utf8").trim()}`;
    return `${name} ${version}, ${license}${text}`;
  });
  return `Libraries in the script of the page.\n\n${texts.join("\n\n----\n\n")}\n`;
}

const [script, style] = await Promise.all([bundle("src/main.ts"), bundle("style.css")]);
if (existsSync(target)) rmSync(target, { recursive: true });
mkdirSync(target, { recursive: true });
const names = {
  SCRIPT: put("page", "js", script.content),
  STYLE: put("page", "css", style.content),
  ICON: put("icon", "svg", readFileSync(join(source, "icon.svg"))),
};
const start = readFileSync(join(source, "index.html"), "utf8").replace(
  /"(SCRIPT|STYLE|ICON)"/g,
  (_, name) => `"${names[name]}"`,
);
writeFileSync(join(target, "index.html"), start);
writeFileSync(join(target, "licenses.txt"), licenses(script.inputs));
