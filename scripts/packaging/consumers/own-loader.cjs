// Loads the package as Jest 29 does: with a `require` that reads every file as a script, so that ECMAScript modules are syntax errors.
"use strict";
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { Script } = require("node:vm");

function load(file) {
  const module = { exports: {} };
  const own = (name) => (name.startsWith(".") ? load(createRequire(file).resolve(name)) : require(name));
  const run = new Script(
    `(function (module, require, __filename) {${readFileSync(file, "utf8")}\n})`,
  ).runInThisContext();
  run(module, own, file);
  return module.exports;
}

for (const name of ["vpp-punt", "vpp-punt/binapi", "vpp-punt/sim"]) {
  const found = Object.keys(load(require.resolve(name)));
  if (found.length === 0) throw new Error(`${name} exports nothing`);
}
