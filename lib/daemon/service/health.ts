// grpc.health.v1: whether the daemon takes calls.
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { whenAborted } from "../../when-aborted.js";
import { type Health, Punts, ServingStatus } from "../../wire/index.js";

const SERVICES: ReadonlySet<string> = new Set(["", Punts.typeName]);

/** SERVING until the daemon drains. VPP may be away: calls are taken all the same. */
export class HealthService {
  #serving = true;
  readonly #watchers = new Set<() => void>();

  /** Announces that the daemon takes no new calls. */
  drain(): void {
    this.#serving = false;
    for (const wake of this.#watchers) wake();
  }

  implementation(): ServiceImpl<typeof Health> {
    return {
      check: ({ service }) => {
        if (!SERVICES.has(service)) throw new ConnectError(`there is no service ${service}`, Code.NotFound);
        return { status: this.#status(service) };
      },
      watch: ({ service }, context) => this.#watch(service, context),
    };
  }

  #status(service: string): ServingStatus {
    if (!SERVICES.has(service)) return ServingStatus.SERVICE_UNKNOWN;
    return this.#serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  async *#watch(service: string, { signal }: HandlerContext) {
    while (!signal.aborted) {
      const status = this.#status(service);
      yield { status };
      if (!this.#serving) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#watchers.delete(done);
          resolve();
        };
        this.#watchers.add(done);
        whenAborted(signal, done);
      });
    }
  }
}
