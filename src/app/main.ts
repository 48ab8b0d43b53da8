import cluster from "node:cluster";
import { DataFolderInUse } from "../ledger/embedded-database.ts";
import { createLog } from "../ops/log.ts";
import { endsWithin } from "./ends-within.ts";
import { WrongSettings } from "./environment.ts";
import { greeting } from "./greeting.ts";
import { reasonOf } from "./reason.ts";
import { secretFor } from "./secret.ts";
import { startService } from "./service.ts";
import { readSettings, type Settings } from "./settings.ts";
import { StopRequests } from "./stop-requests.ts";
import { WorkerLine } from "./worker-line.ts";
import { WorkerFailed, Workers } from "./workers.ts";

/** A second more than what was accepted has to end, and a second before 10 s are over. */
const stopMs = 9_000;

/** Runs the service until SIGTERM or Ctrl-C; another one after a second ends it at once. */
async function main(): Promise<void> {
  try {
    const settings = readSettings(process.env);
    await (settings.SCORE_WORKERS > 1 && cluster.isPrimary ? lead(settings) : serve(settings));
  } catch (error) {
    if (error instanceof WorkerFailed) process.exit(error.exitCode);
    if (error instanceof WrongSettings || error instanceof DataFolderInUse) {
      process.stderr.write(`score: ${error.message}\n`);
      process.exit(2);
    }
    process.stderr.write(`score: can't start: ${reasonOf(error)}\n`);
    process.exit(1);
  }
}

/** Serves in this process, alone or as a worker. */
async function serve(settings: Settings): Promise<void> {
  const line = WorkerLine.open();
  const service = await startService(settings, line);
  const text = await greeting(settings, service);
  const requests = new StopRequests(async (reason) => {
    service.log.info({ reason }, "stopping");
    if (!(await endsWithin(stopMs, service.close()))) {
      service.log.warn(`not all has ended within ${stopMs} ms; the rest is cut`);
    }
    process.exit(0);
  });
  requests.on("SIGTERM");
  if (line === undefined) {
    requests.on("SIGINT");
    process.stdout.write(text);
    return;
  }
  // A terminal sends it to the primary, too, which says what to do.
  process.on("SIGINT", () => {});
  void line.stopped.then(() => requests.request("the primary process"));
  line.serving(text);
}

/** Runs the workers. */
async function lead(settings: Settings): Promise<void> {
  const log = createLog(settings.SCORE_LOG_LEVEL);
  // Made here, so that no worker reads what another has just begun to write.
  if (settings.SCORE_JWKS_URL === undefined) {
    secretFor(settings.SCORE_JWT_SECRET, settings.SCORE_DATA_DIR);
  }
  const workers = new Workers({
    count: settings.SCORE_WORKERS,
    onFailure: (message) => log.error(message),
  });
  const requests = new StopRequests(async () => {
    await workers.stop();
    process.exit(0);
  });
  requests.on("SIGTERM", "SIGINT");
  process.stdout.write(await workers.start());
}

await main();
