// Checks the links of a finished site: each leads to a file of it, and to an id in that file.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

function targetOf(site, base, file, link) {
  const [path, id] = decodeURI(link).split("#");
  const clean = path.split("?")[0];
  if (clean === "") return { target: file, id };
  const target = clean.startsWith("/") ? join(site, clean.slice(base.length - 1)) : join(dirname(file), clean);
  const isFolder = existsSync(target) && statSync(target).isDirectory();
  return { target: isFolder ? join(target, "index.html") : target, id };
}

function unescaped(text) {
  return text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
}

/** Returns the local links of a page. */
function linksOf(html) {
  const found = [...html.matchAll(/<(?:a|img|link|script)\b[^>]*?\s(?:href|src)="([^"]*)"/g)];
  return found.map(([, link]) => unescaped(link)).filter((link) => !/^(?:[a-z]+:|\/\/)/.test(link));
}

/** Returns a line for each link of the pages that leads nowhere. `isChecked` says which files' links are looked at. */
export function deadLinks(site, base, isChecked) {
  const texts = new Map();
  const textOf = (file) => texts.get(file) ?? texts.set(file, readFileSync(file, "utf8")).get(file);
  const pages = readdirSync(site, { recursive: true }).filter((name) => name.endsWith(".html") && isChecked(name));
  const dead = [];
  for (const page of pages) {
    const file = join(site, page);
    for (const link of new Set(linksOf(textOf(file)))) {
      const { target, id } = targetOf(site, base, file, link);
      if (!existsSync(target)) dead.push(`${page}: ${link}: no ${relative(site, target)}`);
      else if (id && target.endsWith(".html") && !textOf(target).includes(`id="${id}"`))
        dead.push(`${page}: ${link}: no such heading`);
    }
  }
  return { pages: pages.length, dead };
}
