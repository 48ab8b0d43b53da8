import { existsSync } from "node:fs";
import { chmod, glob, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptInstall, canAptInstall, clockPackages } from "./apt.ts";

const libraries = [
  "/usr/lib/*/faketime/libfaketime.so.1",
  "/usr/lib/faketime/libfaketime.so.1",
  "/usr/lib64/faketime/libfaketime.so.1",
];

/** The wall clock of a server's processes, which can be set (libfaketime). Waits are measured rightly all the same. */
export class FakeClock {
  /** For the server that is to go by this clock. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder: string;

  private constructor(library: string, folder: string) {
    this.#folder = folder;
    this.environment = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: join(folder, "offset"),
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Goes right at first. Installs libfaketime if need be, as the servers are installed. */
  static async create(): Promise<FakeClock> {
    if ((await library()) === undefined && canAptInstall()) await aptInstall(clockPackages);
    const found = await library();
    if (found === undefined) {
      throw new Error('missing libfaketime: install with "apt-get install faketime" (Debian)');
    }
    const folder = await mkdtemp(join(tmpdir(), "score-clock-"));
    // Whoever the server runs as: a clock that it can't read stands still, and nobody is told.
    await chmod(folder, 0o755);
    const clock = new FakeClock(found, folder);
    await clock.jump(0);
    return clock;
  }

  /** From now on so many seconds ahead of the machine's clock, or behind; seen within a second. */
  async jump(seconds: number): Promise<void> {
    await writeFile(join(this.#folder, "offset"), `${seconds < 0 ? "" : "+"}${seconds}`);
  }

  /** After the end of whoever went by it. */
  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true });
    await forgetTheDead();
  }
}

/** A process that is killed leaves behind what libfaketime shares with its children. */
async function forgetTheDead(): Promise<void> {
  for await (const file of glob("/dev/shm/{faketime_shm,sem.faketime_sem}_*")) {
    const pid = file.split("_").at(-1);
    if (!existsSync(`/proc/${pid}`)) await rm(file, { force: true });
  }
}

async function library(): Promise<string | undefined> {
  const [found] = await Array.fromAsync(glob(libraries));
  return found;
}
