// A live dump: a line about each packet that comes to the CNF's end.
import type { DumpedPacket } from "../../lib/wire/gen/vpp_punt/v1/punts_pb.js";
import type { PuntId } from "../../lib/wire/gen/vpp_punt/v1/request_pb.js";
import { daemon, messageOf } from "./daemon.js";
import { h, setText } from "./dom.js";
import type { Model } from "./model.js";

/** Says where the packets of another host are seen: they stay there. */
export function dumpElsewhere(name: string, { host, hosts }: Model): readonly HTMLElement[] {
  const { daemon: acting = "", addresses = [] } = hosts.find((each) => each.host === host) ?? {};
  const command = `vpp-punt dump ${name} --socket ${addresses[0]}`;
  const note =
    acting === "" ? h("p", { class: "cause" }, `No daemon acts for host ${host}.`) : h("p", { class: "cause" });
  if (acting !== "")
    note.append(
      `Packets of host ${host} are seen on that host: on the page of its daemon ${acting}, or by `,
      h("code", {}, command),
      ".",
    );
  return [h("h3", {}, "Live dump"), note];
}

/** The number of lines that are kept. */
const KEPT = 200;

export class Dump {
  readonly elements: readonly HTMLElement[];
  readonly #id: PuntId;
  readonly #filter = h("input", {
    id: "dump-filter",
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: "UDP 53",
  });
  readonly #button = h("button", { type: "submit", class: "plain" }, "Start");
  readonly #note = h("p", { class: "cause", role: "status" });
  readonly #lines = h("ol", { class: "dump", tabindex: "0", "aria-label": "Packets, the newest last" });
  #ending: AbortController | undefined;
  /** Lines for the next frame. */
  readonly #waiting: string[] = [];
  #frame = 0;
  #packets = 0;
  #passed = 0n;

  constructor(id: PuntId) {
    this.#id = id;
    const submit = (event: Event) => {
      event.preventDefault();
      if (this.#ending) this.stop();
      else void this.#run();
    };
    this.elements = [
      h("h3", {}, "Live dump"),
      h(
        "form",
        { class: "dump-form", submit },
        h("label", { for: "dump-filter" }, "Filter"),
        this.#filter,
        this.#button,
      ),
      this.#note,
      this.#lines,
    ];
    setText(
      this.#note,
      "Packets of a TAP are copied. At a memif or a socket the dump takes the place of the CNF, and is refused while one is there.",
    );
  }

  stop(): void {
    this.#ending?.abort();
  }

  async #run(): Promise<void> {
    const ending = new AbortController();
    this.#ending = ending;
    setText(this.#button, "Stop");
    setText(this.#note, "waiting for VPP to connect");
    this.#lines.replaceChildren();
    this.#packets = 0;
    this.#passed = 0n;
    try {
      const request = { id: this.#id, filter: this.#filter.value };
      for await (const { event } of daemon.dump(request, { signal: ending.signal })) {
        if (event.case === "packet") this.#take(event.value);
        else setText(this.#note, this.#countText());
      }
      this.#show();
      setText(this.#note, `ended after ${this.#countText()}`);
    } catch (error) {
      this.#show();
      setText(this.#note, ending.signal.aborted ? `stopped after ${this.#countText()}` : messageOf(error));
    }
    this.#ending = undefined;
    setText(this.#button, "Start");
  }

  /** Lines come faster than frames: a layout for each would leave no time for anything else. */
  #take({ time, interface: name, length, text, passed }: DumpedPacket): void {
    this.#packets++;
    this.#passed = passed;
    this.#waiting.push(`${time.slice(11, 23)} ${name} ${length} ${text}`);
    if (this.#waiting.length > KEPT) this.#waiting.shift();
    this.#frame ||= requestAnimationFrame(() => {
      this.#show();
      setText(this.#note, this.#countText());
    });
  }

  #show(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const isAtEnd = this.#lines.scrollTop + this.#lines.clientHeight >= this.#lines.scrollHeight - 4;
    this.#lines.append(...this.#waiting.splice(0).map((line) => h("li", {}, line)));
    while (this.#lines.childElementCount > KEPT) this.#lines.firstElementChild!.remove();
    if (isAtEnd) this.#lines.scrollTop = this.#lines.scrollHeight;
  }

  #countText(): string {
    return `${this.#packets} ${this.#packets === 1 ? "packet" : "packets"}${this.#passed > 0n ? `, ${this.#passed} not shown` : ""}`;
  }
}
