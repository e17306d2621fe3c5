// A browser without a screen, for tests of the page.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import puppeteer, { type Page } from "puppeteer-core";

export interface Tab {
  readonly page: Page;
  /** Errors, and refusals of the content policy, that the console has. */
  readonly complaints: readonly string[];
  /** Addresses that the page has asked for. */
  readonly asked: readonly string[];
}

/** Opens a tab of Debian's Chromium. It closes with the test. */
export async function openTab(t: ExecutionContext): Promise<Tab> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-browser-"));
  const browser = await puppeteer.launch({
    executablePath: execFileSync("which", ["chromium"], { encoding: "utf8" }).trim(),
    userDataDir: folder,
    // Root has no sandbox, and a container little shared memory.
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  t.teardown(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 1000 });
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // The browser itself reports every call that fails, also while the daemon is away.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  page.on("request", (request) => asked.push(request.url()));
  return { page, complaints, asked };
}

/** Resolves when an expression of the page is true. */
export async function until(page: Page, expression: string): Promise<void> {
  await page.waitForFunction(expression, { timeout: 30_000, polling: 50 });
}
