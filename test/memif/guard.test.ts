// The guard of shared memory against SIGBUS, while guards change hands in another thread.
import { spawnSync } from "node:child_process";
import { buildPeer } from "../support/memif/peer.js";
import { need } from "../support/need.js";

need("g++").test(
  "a guard that changes hands at any instruction of the handler maps zeros over no other memory",
  (t) => {
    // The loader's own instructions are left out.
    const env = { ...process.env, LD_BIND_NOW: "1" };
    const { status, stdout, stderr } = spawnSync(buildPeer("guard_change"), { encoding: "utf8", timeout: 60_000, env });
    t.is(status, 0, stderr);
    if (stdout === "not traced\n") t.log("ptrace is refused here");
    else t.is(stdout, "held\n");
  },
);
