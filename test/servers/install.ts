import { access, constants, glob } from "node:fs/promises";
import { delimiter, join } from "node:path";
import {
  aptInstall,
  browserPackages,
  canAptInstall,
  type Packages,
  serverPackages,
} from "./apt.ts";

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
export async function ensureInstalled(
  machine: Machine = thisMachine(serverPackages, serverFolders),
): Promise<Programs> {
  const before = await find(machine);
  if (before.programs) return before.programs;
  await machine.install?.();
  const after = await find(machine);
  if (after.programs) return after.programs;
  throw new Error(
    `missing ${after.missing.join(" and ")}: install with "apt-get install redis-server postgresql" (Debian, Ubuntu) or "brew install redis postgresql" (macOS)`,
  );
}

/** The names of Chromium, and of Chrome, which does as well. */
const browsers = ["chromium", "chromium-browser", "google-chrome"];

/** Resolves with the path of a browser; installs, waits and rejects as `ensureInstalled` does. */
export async function ensureBrowser(
  machine: Machine = thisMachine(browserPackages, browserFolders),
): Promise<string> {
  const before = await findBrowser(machine);
  if (before !== undefined) return before;
  await machine.install?.();
  const after = await findBrowser(machine);
  if (after !== undefined) return after;
  throw new Error(
    'missing Chromium: install with "apt-get install chromium" (Debian), "brew install --cask google-chrome" (macOS), or have `google-chrome` on PATH',
  );
}

function thisMachine(packages: Packages, folders: Machine["folders"]): Machine {
  return { folders, ...(canAptInstall() && { install: () => aptInstall(packages) }) };
}

function pathFolders(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
}

/** PATH first, then where Debian and Homebrew keep PostgreSQL, highest version first. */
async function serverFolders(): Promise<string[]> {
  return [
    ...pathFolders(),
    ...(await newestFirst("/usr/lib/postgresql/*/bin")),
    ...["/opt/homebrew/bin", "/usr/local/bin"],
    ...(await newestFirst("/opt/homebrew/opt/postgresql@*/bin")),
    ...(await newestFirst("/usr/local/opt/postgresql@*/bin")),
  ];
}

async function browserFolders(): Promise<string[]> {
  return [...pathFolders(), "/Applications/Google Chrome.app/Contents/MacOS"];
}

async function findBrowser(machine: Machine): Promise<string | undefined> {
  const folders = await machine.folders();
  for (const name of [...browsers, "Google Chrome"]) {
    const folder = await folderWith(folders, [name]);
    if (folder !== undefined) return join(folder, name);
  }
  return undefined;
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
