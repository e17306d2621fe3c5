// The button that deletes a punt. It asks first: what is deleted takes the CNF's packets away.
import type { PuntId } from "../../lib/wire/gen/vpp_punt/v1/request_pb.js";
import { daemon, messageOf } from "./daemon.js";
import { h, setText } from "./dom.js";

export class Removal {
  readonly element = h("div", { class: "removal" });
  readonly #id: PuntId;
  readonly #host: string;
  readonly #name: string;

  /** `host`: the host in etcd that has the punt; "" for the daemon's own. */
  constructor(id: PuntId, name: string, host: string) {
    this.#id = id;
    this.#name = name;
    this.#host = host;
    this.#offer();
  }

  #offer(): void {
    const ask = h("button", { type: "button", class: "plain", click: () => this.#ask() }, "Delete this punt");
    this.element.replaceChildren(ask);
  }

  #ask(): void {
    const yes = h("button", { type: "button", class: "plain danger", click: () => void this.#remove() }, "Delete");
    const no = h("button", { type: "button", class: "plain", click: () => this.#offer() }, "Keep");
    this.element.replaceChildren(h("span", {}, `Delete ${this.#name}? Its CNF gets no more packets. `), yes, " ", no);
    no.focus();
  }

  async #remove(): Promise<void> {
    const note = h("span", { role: "status" }, "VPP removes it");
    this.element.replaceChildren(note);
    try {
      await daemon.delete({ id: this.#id, host: this.#host });
    } catch (error) {
      setText(note, messageOf(error));
    }
  }
}
