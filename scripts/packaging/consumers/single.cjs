// The program of a single executable: `require` knows Node's own modules only, so it makes one that begins at the executable.
"use strict";
const { createRequire } = require("node:module");
const { exercise } = require("./packets.cjs");

const beside = createRequire(process.execPath);
exercise(beside("vpp-punt"), beside("vpp-punt/binapi")).catch((error) => {
  console.error(error);
  process.exit(1);
});
