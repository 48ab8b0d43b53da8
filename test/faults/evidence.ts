import { cp, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Stage } from "./stage.ts";
import type { Verdict } from "./trial.ts";

/** Where runs leave their evidence. */
export const resultsFolder = fileURLToPath(new URL("results", import.meta.url));

/** What a broken trial leaves to be looked at: the same seed need not break it again. */
export class Evidence {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Resolves with the folder: every violation, the history that was judged, logs, and the stage's traces. */
  async keep(
    { violations, history }: Pick<Verdict, "violations" | "history">,
    stage: Pick<Stage, "services" | "traces">,
  ): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    const lines = violations.map(({ promise, what }) => `${promise}: ${what}\n`);
    await writeFile(join(this.#folder, "violations.txt"), lines.join(""));
    await writeFile(join(this.#folder, "history.json"), JSON.stringify(history, null, 1));
    for (const { name, service } of stage.services) {
      await writeFile(join(this.#folder, `${name}.log`), await service.logs());
    }
    for (const folder of stage.traces) {
      await cp(folder, join(this.#folder, basename(folder)), { recursive: true, force: true });
    }
    return this.#folder;
  }
}
