// Steps of tests on the page, and readings of its texts.
import type { Page } from "puppeteer-core";
import { until } from "./browser.js";
import type { PageTest } from "./page.js";

export const textsOf = (page: Page, selector: string) =>
  page.$$eval(selector, (elements) => elements.map((element) => element.textContent as string));

/** Opens the page, and waits for its list. */
export async function opened(place: PageTest, tab: { readonly page: Page }): Promise<Page> {
  const { page } = tab;
  await page.goto(place.origin);
  const count = (await place.punts.list()).length;
  await until(page, `document.querySelectorAll("#punts tbody tr").length === ${count}`);
  return page;
}

/** Clicks on an element wherever it is by then: the mouse would miss one that moves, because the page draws what is above it again. */
export const click = (page: Page, selector: string) => page.$eval(selector, (element) => element.click());

/** Selects a punt in the list, and waits for its detail with the way of a packet. */
export async function select(page: Page, name: string): Promise<void> {
  await page.evaluate(
    `[...document.querySelectorAll("#punts .name")].find((each) => each.textContent === "${name}").click()`,
  );
  await until(page, `document.querySelector("#detail-title")?.textContent === "${name}"`);
  await until(page, `document.querySelector(".way li") !== null`);
}
