import { type Browser, chromium } from "playwright-core";
import { ensureBrowser } from "./install.ts";

/** No screen, and no talk of the browser's own with anybody. */
const args = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Installs Chromium if need be and starts it without a window and with an
 * empty profile, which ends with this process at the latest. Without its
 * sandbox, which root does not get: it is for pages of this project only.
 * Costs some 300 ms.
 */
export async function startChromium(): Promise<Browser> {
  const executablePath = await ensureBrowser();
  return chromium.launch({ executablePath, args, headless: true, chromiumSandbox: false });
}
