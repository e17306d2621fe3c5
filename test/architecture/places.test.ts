// No file names the machine that it was written on.
import { readFileSync } from "node:fs";
import test from "ava";
import { projectFiles } from "./source.js";

test("no file names a machine it was written on, or a package registry", (t) => {
  // In halves, so that this file does not match itself.
  const places = [
    ["/wo", "rk/"],
    ["/ro", "ot/"],
    ["npm", "js.org"],
    ["npm", "js.com"],
    ["deb", "ian.org"],
    ["py", "pi.org"],
  ];
  const names = places.map((halves) => halves.join(""));
  for (const file of projectFiles().filter((name) => !/\.(pcap|png)$/.test(name))) {
    const text = readFileSync(file, "utf8");
    for (const name of names) t.false(text.includes(name), `${file} has ${name}`);
  }
});
