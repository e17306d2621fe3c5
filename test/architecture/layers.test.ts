// Which parts of lib/ may import which.
import { readFileSync } from "node:fs";
import test from "ava";
import { importsOf, libraryFiles } from "./source.js";

const GROUND = [
  "errors",
  "options",
  "net",
  "lowest-free",
  "guarded",
  "folder",
  "read-file",
  "socket-file",
  "logger",
  "lazily",
  "package-root",
  "closed-terminal",
  "embedded-build",
  "tcp-server",
  "tracing",
];
/** Both ends of gRPC. */
const GRPC = ["http2-sessions", "http2-silence", "grpc-handler", "grpc-spans"];
