// The outputs of VPP in docs/types: a real VPP shows them. `UPDATE_PAGES=1` writes what this one shows into the pages.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRequests } from "../../lib/index.js";
import { snippetsOf } from "../docs/snippets.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

const real = need("root", "vpp").test.serial;
const FOLDER = "docs/types";
const SHOWN = /<!-- shown: (.+) -->\n```text\n([^`]*)```/g;
/** The interfaces of the pages by their tags. */
const INTERFACES = ["eth0", "eth1"];
/** Outputs of other releases differ in form. */
const RELEASE = "26.06";

/** Spaces, and what differs from run to run: descriptors, counters of VPP's objects. */
function comparable(text: string): string {
  return text
    .replaceAll(/[ \t]+/g, " ")
    .replaceAll(/ $/gm, "")
    .trim();
}

for (const name of readdirSync(FOLDER)) {
  real(`a real VPP shows what ${FOLDER}/${name} says`, async (t) => {
    const scenario = await Scenario.start(t, { manager: { owner: "vpp-punt" } });
    const { vpp } = scenario;
    if (!(await vpp.cli("show version")).includes(`v${RELEASE}`)) {
      t.log(`the pages show VPP ${RELEASE}`);
      t.pass();
      return;
    }
    for (const [index, tag] of INTERFACES.entries()) {
      await vpp.configure(`create packet-generator interface pg${index}`, `set interface state pg${index} up`);
      await vpp.configure(`set interface tag pg${index} ${tag}`);
    }
    await vpp.configure("set interface ip address pg0 10.0.2.1/24");
    await scenario.keep();
    const file = join(FOLDER, name);
    const page = readFileSync(file, "utf8");
    const [requests] = snippetsOf(file).filter((snippet) => snippet.language === "yaml");
    for (const request of parseRequests(requests!.code, file)) await scenario.add(request);
    let updated = page;
    for (const [block, command, shown] of page.matchAll(SHOWN)) {
      const answer = (await vpp.cli(command!)).trimEnd().replaceAll(vpp.directory, "/run/vpp").replaceAll(/ +$/gm, "");
      if (process.env.UPDATE_PAGES)
        updated = updated.replace(
          block,
          () => `<!-- shown: ${command} -->\n\`\`\`text\nvpp# ${command}\n${answer}\n\`\`\``,
        );
      else t.is(comparable(`vpp# ${command}\n${answer}`), comparable(shown!), file);
    }
    if (updated !== page) writeFileSync(file, updated);
    t.pass();
  });
}
