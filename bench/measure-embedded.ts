import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "./figure.ts";
import { fillLedger } from "./fill-ledger.ts";
import type { MeasureContext } from "./measure.ts";
import { ServiceProcess } from "./service-process.ts";

const players = 1_000_000;

/** The start of the embedded service with a great board in its folder. */
export async function measureEmbedded(context: MeasureContext): Promise<readonly Figure[]> {
  const { profileFolder, signal, progress } = context;
  const folder = await mkdtemp(join(tmpdir(), "score-bench-"));
  try {
    const data = { SCORE_DATA_DIR: join(folder, "data") };
    await fillLedger(data, { gameId: "bench", players, say: progress });
    const settings = {
      ...data,
      SCORE_GRPC_PORT: "0",
      SCORE_HTTP_PORT: "0",
      SCORE_LOG_LEVEL: "warn",
    };
    progress("the start of the embedded service");
    const began = performance.now();
    await using service = await ServiceProcess.start({ settings, profileFolder });
    await service.ready(signal);
    const startSeconds = (performance.now() - began) / 1_000;
    const what = "1 million players: start of the embedded service";
    const quantities = [{ name: "start", value: startSeconds, unit: "s" }];
    // What it wrote is its greeting, with tokens.
    await service.stop();
    return [{ key: "embedded", what, quantities, notes: [] }];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
