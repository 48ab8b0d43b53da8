import { DataFolderInUse } from "../ledger/embedded-database.ts";
import { WrongSettings } from "./environment.ts";
import { greeting } from "./greeting.ts";
import { type RunningService, startService } from "./service.ts";
import { readSettings } from "./settings.ts";

/** Runs the service until SIGTERM or Ctrl-C; a second one ends it at once. */
async function main(): Promise<void> {
  let service: RunningService;
  try {
    const settings = readSettings(process.env);
    service = await startService(settings);
    process.stdout.write(await greeting(settings, service));
  } catch (error) {
    if (error instanceof WrongSettings || error instanceof DataFolderInUse) {
      process.stderr.write(`score: ${error.message}\n`);
      process.exit(2);
    }
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? ` (${cause.message})` : "";
    process.stderr.write(`score: can't start: ${message}${why}\n`);
    process.exit(1);
  }
  let isStopping = false;
  const stop = async (signal: string) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    service.log.info({ signal }, "stopping");
    await service.close();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

await main();
