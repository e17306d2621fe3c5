// VPP's startup.conf, as `vpp-punt doctor` reads it.
import test from "ava";
import { parseStartupConf } from "../../lib/cli/doctor/startup-conf.js";

test("startup.conf is read with comments, nested sections and repeated ones", (t) => {
  const conf = parseStartupConf("a { b 1 c { d } } # e { f }\na { g }\nplugin x.so { disable }");
  t.deepEqual(conf.sections.get("a")!.words, ["b", "1", "g"]);
  t.deepEqual(conf.sections.get("a")!.sections.get("c")!.words, ["d"]);
  t.false(conf.sections.has("e"));
  t.deepEqual(conf.sections.get("plugin x.so")!.words, ["disable"]);
});
