// `vpp-punt module --stonework`: a CNF of a StoneWork agent that needs no program of its own.
import { hostPort } from "../../net/index.js";
import { idText } from "../../punt/index.js";
import type { LearntPunt } from "../../stonework/index.js";
import { interrupted } from "../ending/index.js";
import { jsonLine, print } from "../output/index.js";
import { definedOnly } from "../punts/index.js";

interface Options {
  readonly label: string;
  readonly directory?: string;
  readonly address?: string;
  readonly grpcPort?: number;
  readonly httpPort?: number;
  readonly state?: string;
  readonly output: string;
  readonly json?: boolean;
}

export async function run({ label, output, json, ...options }: Options): Promise<void> {
  const { directory, address, grpcPort, httpPort, state } = options;
  // Only this command needs the packages that speak gRPC.
  const { StoneWorkModule } = await import("../../stonework/index.js");
  const ended = interrupted();
  const module = await StoneWorkModule.start({
    label,
    ...definedOnly({ directory, address, grpcPort, httpPort, state }),
  });
  const asJson = output === "json" || json === true;
  const show = (event: string, details: object, text: string) => print(asJson ? jsonLine({ event, ...details }) : text);
  const showPunt = (punt: LearntPunt) => show("punt", punt, puntText(punt));
  show(
    "listens",
    module.ports,
    `listens at port ${module.ports.grpc} for StoneWork, ${module.ports.http} for its status`,
  );
  for (const punt of module.punts) showPunt(punt);
  module.on("discovered", (at) =>
    show("discovered", at, `discovered by StoneWork at ${hostPort(at.address, at.grpcPort)}`),
  );
  for (const event of ["connected", "disconnected"] as const)
    module.on(event, (at) =>
      show(
        event,
        at,
        `${event === "connected" ? "connected again to" : "lost"} StoneWork at ${hostPort(at.address, at.grpcPort)}`,
      ),
    );
  module.on("punt", showPunt);
  module.on("item", ({ key, value }) =>
    show("item", { key, set: value !== undefined }, `${key} ${value ? "set" : "deleted"}`),
  );
  await ended;
  await module.close();
}

function puntText({ id, state, metadata }: LearntPunt): string {
  const ends = metadata.interconnects.map(({ attachment }) => {
    if (attachment.kind === "memif") return `memif ${attachment.socket}`;
    return attachment.kind === "tap" ? `TAP ${attachment.name}` : `socket ${attachment.path}`;
  });
  return `${idText(id)} ${state}: ${ends.join(", ")}`;
}
