// The handlers of VPP's messages. They count the messages that may have changed something.
import { ApiRegistry, type ReplyHandler } from "../../lib/sim/api/registry.js";

/** Requests with a reply that change nothing. Dumps have no replies of this kind. */
const READS = new Set([
  ...["control_ping", "show_version", "show_threads", "sw_interface_get_table", "api_versions"],
  ...["sockclnt_create", "sockclnt_delete", "get_first_msg_id"],
]);

export class CountingRegistry extends ApiRegistry {
  /** The numbers of changes that have begun and that have ended. */
  changes = 0;

  override reply<A>(name: string, handle: ReplyHandler<A>, onError?: Parameters<ApiRegistry["reply"]>[2]): void {
    super.reply(name, READS.has(name) ? handle : this.#counted(handle), onError);
  }

  override silentOnError<A>(name: string, handle: ReplyHandler<A>): void {
    super.silentOnError(name, this.#counted(handle));
  }

  #counted<A>(handle: ReplyHandler<A>): ReplyHandler<A> {
    return (args, client) => {
      if (isShow(args)) return handle(args, client);
      this.changes++;
      const reply = handle(args, client);
      const ended = () => void this.changes++;
      if (reply instanceof Promise) reply.then(ended, ended);
      return reply;
    };
  }
}

/** Whether a request is a line of the command line that only shows something. */
function isShow(args: unknown): boolean {
  return /^show /.test((args as { readonly cmd?: string }).cmd ?? "");
}
