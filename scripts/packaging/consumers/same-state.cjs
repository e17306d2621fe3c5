// One process that uses both ways in gets one package: its errors are of one class.
"use strict";
const required = require("vpp-punt");

import("vpp-punt").then((imported) => {
  if (imported.PuntError !== required.PuntError || imported.Memif !== required.Memif) {
    console.error("import and require give two packages");
    process.exit(1);
  }
});
