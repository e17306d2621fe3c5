// attach.sock: hands a CNF the open descriptors of its punts, and takes its network namespace.
import {
  type DescriptorAnswer,
  type DescriptorRequest,
  DescriptorServer,
  networkNamespace,
} from "../../descriptor/index.js";
import { PuntError } from "../../errors.js";
import { ensureFolder, SOCKET_FOLDER } from "../../files/index.js";
import { idText, type PuntRequest, type PuntStatus } from "../../punt/index.js";
import { setSocketRights } from "../../sockets/index.js";
import { type AttachQuestion, decodeQuestion, encodeAttach } from "../../wire/index.js";
import type { AuditEntry } from "../audit.js";
import { callerText, type Entrance, type PeerCredentials, type UnixCaller } from "../identity.js";
import { type Parts, View } from "../service/index.js";
import { DeletedSockets } from "./deleted-sockets.js";
import { openEnds } from "./ends.js";
import { StoppedCnfs } from "./stopped.js";

export interface AttachDoorOptions {
  readonly path: string;
  readonly mode: number;
  readonly group: number | undefined;
  readonly owner: number | undefined;
  /** The daemon's socket, by whose rules a caller is judged. */
  readonly entrance: Entrance;
  /** The identity that the daemon gives the peer. */
  credentialsOf(request: DescriptorRequest): PeerCredentials;
}

const OP = "punt.attach";
/** How often namespaces that no punt names are looked for. */
const CLEAN_INTERVAL_MS = 10_000;

/** A line of the audit log that is not finished: what is known of an exchange so far. */
type AuditDraft = { -readonly [K in keyof Omit<AuditEntry, "decision">]: AuditEntry[K] };

type Ask<K extends AttachQuestion["kind"]> = Extract<AttachQuestion, { kind: K }>;

export class AttachDoor {
  readonly path: string;
  readonly #parts: Parts;
  readonly #options: AttachDoorOptions;
  readonly #server: DescriptorServer;
  readonly #stopped: StoppedCnfs;
  readonly #ending = new AbortController();
  readonly #cleaning: NodeJS.Timeout | undefined;
  readonly #deleted: DeletedSockets | undefined;

  private constructor(parts: Parts, options: AttachDoorOptions) {
    this.path = options.path;
    this.#parts = parts;
    this.#options = options;
    const { mode, group, owner, path } = options;
    this.#stopped = new StoppedCnfs(parts.log);
    const onError = (error: unknown) => parts.log.warn({ err: error }, "a handover of descriptors failed");
    this.#server = DescriptorServer.listen(path, (request) => this.#answer(request), { mode, group, onError });
    if (owner !== undefined) setSocketRights(path, { owner, group });
    // The door of all CNFs cleans up for all.
    if (options.entrance.cnf !== undefined) return;
    const failed = (error: unknown) => parts.log.warn({ err: error }, "namespaces without a punt were not looked for");
    this.#cleaning = setInterval(() => void this.#clean().catch(failed), CLEAN_INTERVAL_MS).unref();
    const acts = () => (parts.cluster()?.role ?? "leader") === "leader";
    this.#deleted = new DeletedSockets({ punts: parts.punts, folder: parts.socketDirectory, acts });
  }

  /** @throws PuntError EADDRINUSE: another daemon listens there; an errno name */
  static open(parts: Parts, options: AttachDoorOptions): AttachDoor {
    return new AttachDoor(parts, options);
  }

  /** The daemon begins to act. It may have opened the door before. */
  begin(): void {
    this.#deleted?.begin();
  }

  async close(): Promise<void> {
    clearInterval(this.#cleaning);
    this.#deleted?.close();
    this.#ending.abort();
    // A call that is being answered may hold this up for seconds.
    await this.#server.close();
    this.#stopped.close();
  }

  async #answer(request: DescriptorRequest): Promise<DescriptorAnswer> {
    const { uid, gid, pid, groups = [] } = this.#options.credentialsOf(request);
    const { path: socket, cnf } = this.#options.entrance;
    const caller: UnixCaller = { kind: "unix", uid, gid, pid, groups, socket, cnf };
    const entry: AuditDraft = { caller: callerText(caller), call: "attach.sock" };
    try {
      const question = decodeQuestion(request.bytes);
      const answer = await (question.kind === "punt"
        ? this.#handOver(question, caller, request, entry)
        : this.#takeNamespace(question, caller, request, entry));
      this.#parts.audit.write({ ...entry, decision: "allowed" });
      return answer;
    } catch (error) {
      const { code, message } = error as PuntError;
      const decision = code === "ERR_POLICY" || code === "ERR_TOKEN" ? "refused" : "failed";
      this.#parts.audit.write({ ...entry, decision, code, message });
      throw error;
    }
  }

  async #handOver(
    { token, ...wanted }: Ask<"punt">,
    caller: UnixCaller,
    { signal }: DescriptorRequest,
    entry: AuditDraft,
  ): Promise<DescriptorAnswer> {
    const { punts, socketDirectory, tokens } = this.#parts;
    const { id } = tokens.take(token, caller);
    entry.punts = [id];
    // A folder that cannot be made fails the bind, whose error names the path.
    await ensureFolder(socketDirectory, SOCKET_FOLDER).catch(() => {});
    const status = await punts.get(id);
    if (!status) throw new PuntError(OP, "ERR_NO_SUCH_PUNT", `there is no punt ${idText(id)} any more`);
    // The caller may have asked again by now: the socket of this answer would take the place of its newer socket.
    signal.throwIfAborted();
    const opened = openEnds(status.metadata, { ...wanted, socketDirectory });
    this.#watch(status, caller.pid);
    const bytes = encodeAttach({ ends: opened.map(({ end }) => end), namespace: "" });
    return { bytes, descriptors: opened.map(({ descriptor }) => descriptor) };
  }

  /** Keeps the punt sockets of a CNF in sight: those of a CNF that is stopped would take VPP's send buffer from the others. */
  #watch({ id, metadata }: PuntStatus, pid: number): void {
    if (pid === 0) return;
    for (const { attachment } of metadata.interconnects)
      if (attachment.kind === "af-unix")
        this.#stopped.watch({ punt: idText(id), pid, path: attachment.path, vppPath: attachment.vppPath ?? "" });
  }

  async #takeNamespace(
    { cnf }: Ask<"namespace">,
    caller: UnixCaller,
    { descriptors }: DescriptorRequest,
    entry: AuditDraft,
  ): Promise<DescriptorAnswer> {
    const view = new View(this.#parts.policy.rightsOf(caller), this.#parts.names);
    const label = view.label(cnf);
    entry.message = `network namespace of CNF ${label}`;
    entry.rule = view.rights.requireChange(label, OP).name;
    const [namespace] = descriptors;
    if (!namespace) throw new PuntError(OP, "ERR_PROTOCOL", "no namespace came with the request");
    networkNamespace(namespace);
    return {
      bytes: encodeAttach({ ends: [], namespace: await this.#parts.pins.pin(label, namespace, callerText(caller)) }),
    };
  }

  async #clean(): Promise<void> {
    const { punts, pins } = this.#parts;
    // To list ten thousand punts takes a tenth of a second.
    if (await pins.isEmpty()) return;
    const used = (await punts.list()).map(({ request }) => pathOf(request));
    if (!this.#ending.signal.aborted) await pins.clean(new Set(used));
  }
}

function pathOf({ netns }: PuntRequest): string {
  return netns && "path" in netns ? netns.path : "";
}
