import { cp, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import type { Stage } from "./stage.ts";
import type { Verdict } from "./trial.ts";

/** Where runs leave their evidence. */
export const resultsFolder = fileURLToPath(new URL("results", import.meta.url));

type Traced = Pick<Stage, "services" | "traces">;

/** What a broken trial leaves to be looked at: the same seed need not break it again. */
export class Evidence {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Resolves with the folder: every violation, the history that was judged, and what the stage leaves. */
  async keep(
    { violations, history }: Pick<Verdict, "violations" | "history">,
    stage: Traced,
  ): Promise<string> {
    await this.#keepStage(stage);
    const lines = violations.map(({ promise, what }) => `${promise}: ${what}\n`);
    await writeFile(join(this.#folder, "violations.txt"), lines.join(""));
    await writeFile(join(this.#folder, "history.json"), JSON.stringify(history, null, 1));
    return this.#folder;
  }

  /** The same of a trial that could not be run to its end. */
  async keepError(error: unknown, stage: Traced): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, "error.txt"), inspect(error));
    await this.#keepStage(stage);
    return this.#folder;
  }

  async #keepStage(stage: Traced): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    for (const { name, service } of stage.services) {
      const deaths = service.deaths.map((log) => `it ended by itself: ${log}`);
      await writeFile(join(this.#folder, `${name}.log`), (await service.logs()) + deaths.join(""));
    }
    for (const folder of stage.traces) {
      await cp(folder, join(this.#folder, basename(folder)), { recursive: true, force: true });
    }
  }
}
