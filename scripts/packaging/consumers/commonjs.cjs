// A CommonJS program that uses the installed package.
"use strict";
const vppPunt = require("vpp-punt");
const binapi = require("vpp-punt/binapi");
const cnf = require("vpp-punt/module");
const sim = require("vpp-punt/sim");
const { exercise } = require("./packets.cjs");

if (typeof sim.EmbeddedVpp !== "function") throw new Error("no EmbeddedVpp");
if (typeof cnf.openPunt !== "function") throw new Error("no openPunt");
exercise(vppPunt, binapi).catch((error) => {
  console.error(error);
  process.exit(1);
});
