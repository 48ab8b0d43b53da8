import { setTimeout as pause } from "node:timers/promises";

/** Resolves once `holds` does; rejects when it does not within a minute. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`did not happen within a minute: ${what}`);
    await pause(20);
  }
}
