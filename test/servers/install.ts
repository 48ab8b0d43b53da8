import { access, constants, glob } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { aptInstall, canAptInstall } from "./apt.ts";

/** Absolute paths of the programs that the servers run; `initdb` and `postgres` are of one version. */
export interface Programs {
  readonly redisServer: string;
  readonly initdb: string;
  readonly postgres: string;
}

/** Where programs are looked for, and how missing ones get there. */
export interface Machine {
  /** Folders to search, the preferred first. */
  readonly folders: () => Promise<readonly string[]>;
  /** Absent where nothing can be installed without the user. */
  readonly install?: () => Promise<void>;
}

/**
 * Resolves with the programs, after installing what is missing if the machine
 * allows it: a Debian-like system and root. Several processes may call it at
 * once; one installs, the others wait. Rejects with one line that says what to
 * install, or with what apt-get said. Costs a few file look-ups when nothing
 * is missing.
 */
export async function ensureInstalled(machine: Machine = thisMachine()): Promise<Programs> {
  const before = await find(machine);
  if (before.programs) return before.programs;
  await machine.install?.();
  const after = await find(machine);
  if (after.programs) return after.programs;
  throw new Error(
    `missing ${after.missing.join(" and ")}: install with "apt-get install redis-server postgresql" (Debian, Ubuntu) or "brew install redis postgresql" (macOS)`,
  );
}

/** PATH first, then where Debian and Homebrew keep PostgreSQL, highest version first. */
function thisMachine(): Machine {
  return {
    folders: async () => [
      ...(process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""),
      ...(await newestFirst("/usr/lib/postgresql/*/bin")),
      ...["/opt/homebrew/bin", "/usr/local/bin"],
      ...(await newestFirst("/opt/homebrew/opt/postgresql@*/bin")),
      ...(await newestFirst("/usr/local/opt/postgresql@*/bin")),
    ],
    ...(canAptInstall() && { install: aptInstall }),
  };
}

async function newestFirst(pattern: string): Promise<string[]> {
  const folders = await Array.fromAsync(glob(pattern));
  return folders.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
}

async function find(
  machine: Machine,
): Promise<{ programs: Programs; missing?: never } | { programs?: never; missing: string[] }> {
  const folders = await machine.folders();
  const redis = await folderWith(folders, ["redis-server"]);
  const postgres = await folderWith(folders, ["initdb", "postgres"]);
  if (redis !== undefined && postgres !== undefined) {
    return {
      programs: {
        redisServer: join(redis, "redis-server"),
        initdb: join(postgres, "initdb"),
        postgres: join(postgres, "postgres"),
      },
    };
  }
  const missing = [];
  if (redis === undefined) missing.push("redis-server");
  if (postgres === undefined) missing.push("PostgreSQL (initdb, postgres)");
  return { missing };
}

async function folderWith(
  folders: readonly string[],
  names: readonly string[],
): Promise<string | undefined> {
  for (const folder of folders) {
    const checks = names.map((name) => access(join(folder, name), constants.X_OK));
    const found = await Promise.allSettled(checks);
    if (found.every(({ status }) => status === "fulfilled")) return folder;
  }
  return undefined;
}
