import { setTimeout as delay } from "node:timers/promises";

/** Resolves when `holds` does, asked again and again where nothing tells of it; rejects after a minute. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within a minute: ${holds}`);
    await delay(5);
  }
}
