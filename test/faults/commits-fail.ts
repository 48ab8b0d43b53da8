import type { Ports } from "../lanes/clients.ts";
import { untilFelt } from "./fault.ts";

/** An instance that stands still does not answer; what the others count is enough. */
const scrapeMs = 1_000;

/** Resolves when more commits have failed than before `strike`, which is done again and again. */
export async function untilCommitsFail(
  instances: readonly Ports[],
  isAlone: boolean,
  strike: () => Promise<void>,
): Promise<void> {
  const before = await failedCommits(instances);
  await untilFelt(isAlone, async () => {
    await strike();
    return (await failedCommits(instances)) > before;
  });
}

/** Statements of commits that failed at these instances, by their own count; of those that answer. */
async function failedCommits(instances: readonly Ports[]): Promise<number> {
  const counts = await Promise.all(instances.map((instance) => failedAt(instance).catch(() => 0)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function failedAt({ httpPort }: Ports): Promise<number> {
  const signal = AbortSignal.timeout(scrapeMs);
  const answer = await fetch(`http://127.0.0.1:${httpPort}/metrics`, { signal });
  const lines = (await answer.text()).matchAll(/^score_ledger_failures_total\{.*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}
