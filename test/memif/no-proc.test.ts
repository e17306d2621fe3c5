// A root of its own without /proc, as a minimal container has: memifs connect there.
import { moduleText, runProgram } from "../support/machine/script.js";
import { memifSocket } from "../support/memif/ports.js";
import { connected, memifScript } from "../support/memif/scripts.js";
import { need } from "../support/need.js";

need("root", "unshare", "no-sanitizer").test("without /proc, two ports connect", async (t) => {
  const body = connected("", 'server.close();\nclient.close();\nconsole.log("connected");');
  const script = moduleText(memifScript(body, memifSocket(t)));
  const hidden = ["--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"];
  const { output, code } = await runProgram(t, "unshare", ...hidden, process.execPath, ...script);
  t.is(output, "connected\n");
  t.is(code, 0);
});
