// References of the documents: files, headings, error codes, dependencies.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import test from "ava";
import { projectFiles } from "../architecture/source.js";

const documents = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"],
  ...readdirSync("docs", { recursive: true }).flatMap((name) => (`${name}`.endsWith(".md") ? [`docs/${name}`] : [])),
];

const read = (file: string) => readFileSync(file, "utf8");

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(document: string): Set<string> {
  const headings = read(document).match(/^#+ .*$/gm) ?? [];
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .replace(/\s/g, "-"),
    ),
  );
}

test("every link of a document leads to a file and to a heading", (t) => {
  for (const document of documents) {
    for (const [, target] of read(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path = "", anchor] = target!.split("#");
      const file = path === "" ? document : normalize(join(dirname(document), path));
      t.true(existsSync(file), `${document}: ${target}`);
      if (anchor !== undefined) t.true(anchorsOf(file).has(anchor), `${document}: ${target}`);
    }
  }
});

test("docs/design.md has every part of lib/", (t) => {
  const [, parts = ""] = read("docs/design.md").split("| in `lib/` | purpose |");
  const named = new Set(parts.split("\n\n")[0]!.match(/(?<=`)[\w.-]+(?=`)/g) ?? []);
  t.deepEqual([...named].sort(), readdirSync("lib").sort());
});

/** Codes of Node.js, which programs and daemons look for. */
const OF_NODE = ["ERR_STREAM_DESTROYED", "ERR_HTTP2_INVALID_STREAM", "ERR_HTTP2_SESSION_ERROR"];
/** Codes that stay within a folder. */
const INSIDE = ["ERR_ETCD_COMPACTED", "ERR_ETCD_LEFT"];

test("the documents explain every error code, and no other", (t) => {
  const sources = projectFiles().filter((file) => /^(lib|native)\/.*\.(ts|cc|h)$/.test(file));
  const codes = new Set(sources.flatMap((file) => read(file).match(/(?<=")ERR_[A-Z0-9_]+(?=")/g) ?? []));
  const explained = new Set(
    documents
      .filter((name) => name.startsWith("docs/"))
      .flatMap((name) => read(name).match(/(?<=^\|.*`)ERR_[A-Z0-9_]+(?=`)/gm) ?? []),
  );
  for (const code of codes) {
    if (!OF_NODE.includes(code) && !INSIDE.includes(code))
      t.true(explained.has(code), `${code} is in no table of docs/`);
  }
  for (const code of explained) t.true(codes.has(code), `nothing throws ${code}`);
});

test("docs/troubleshooting.md explains the code of every caveat, and no other", (t) => {
  const types = projectFiles().filter((file) => file.startsWith("lib/punt/types/"));
  const codes = types.flatMap((file) => read(file).match(/(?<=\bcode: ")(?!ERR_)[A-Z_]+(?=")/g) ?? []);
  const [, section = ""] = read("docs/troubleshooting.md").split("has remarks\n");
  const explained = section.split("\n## ")[0]!.match(/(?<=^\| `)[A-Z_]+(?=`)/gm) ?? [];
  t.deepEqual(explained.sort(), [...new Set(codes)].sort());
});

test("docs/packaging.md has every dependency once", (t) => {
  const { dependencies } = JSON.parse(read("package.json")) as { dependencies: object };
  const [, table = ""] = read("docs/packaging.md").split("\n## Dependencies\n");
  const rows = table.split("\n## ")[0]!.match(/^\|.*$/gm) ?? [];
  const named = rows.slice(2).flatMap((row) => row.split("|")[1]!.match(/[@\w/-]+/g) ?? []);
  t.deepEqual(named.sort(), Object.keys(dependencies).sort());
});
