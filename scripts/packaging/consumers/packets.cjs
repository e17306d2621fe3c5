// The work of every consumer of the package: errors, memif, a message of the binary API.
"use strict";
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const COUNT = 100;

function frame(i) {
  const bytes = new Uint8Array(60).fill(0xff, 0, 6);
  bytes[59] = i;
  return bytes;
}

/** Moves COUNT packets from one memif port to another over `socket`; resolves with both, open. */
async function moveOverMemif({ Memif }, socket) {
  const server = Memif.open({ role: "server", socket });
  const client = Memif.open({ role: "client", socket });
  let sum = 0;
  const received = new Promise((resolve) => {
    let count = 0;
    server.receive((batch) => {
      for (let i = 0; i < batch.length; i++) sum += batch.u8(i, 59);
      count += batch.length;
      if (count >= COUNT) resolve(count);
    });
  });
  await new Promise((resolve) => client.once("up", resolve));
  const frames = Array.from({ length: COUNT }, (_, i) => frame(i));
  for (let sent = 0; sent < COUNT; ) sent += client.send(frames.slice(sent));
  const count = await received;
  if (count !== COUNT || sum !== (COUNT * (COUNT - 1)) / 2) throw new Error(`memif: ${count} packets, sum ${sum}`);
  return { client, server };
}

function checkErrors({ Memif, PuntError }) {
  try {
    Memif.open({ role: "server", socket: "" });
  } catch (error) {
    if (error instanceof PuntError) return;
    throw error;
  }
  throw new Error("an empty path was taken");
}

async function exercise(vppPunt, binapi) {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-consumer-"));
  try {
    const { client, server } = await moveOverMemif(vppPunt, join(folder, "memif.sock"));
    client.close();
    server.close();
    checkErrors(vppPunt);
    const message = binapi.Schema.builtin().message("show_version");
    if (message.encode({}, { id: 7 })[1] !== 7) throw new Error("binapi: not encoded");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { exercise, frame, moveOverMemif };
