import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";

/** Whether this is a Debian-like system on which this process may install packages. */
export function canAptInstall(): boolean {
  return existsSync("/etc/debian_version") && process.getuid?.() === 0;
}

/** What one `apt-get install` brings, and how to see that it was done. */
export interface Packages {
  readonly names: readonly string[];
  /** A shell command that succeeds when nothing is missing. */
  readonly isThere: string;
}

/** Redis and PostgreSQL. Where Debian starts them as services, they hold their standard ports and folders; the servers of this room use neither. */
export const serverPackages: Packages = {
  names: ["redis-server", "postgresql"],
  isThere: "command -v redis-server && ls /usr/lib/postgresql/*/bin/initdb",
};

/** Gives programs another time than the machine's. */
export const clockPackages: Packages = {
  names: ["faketime"],
  isThere: "ls /usr/lib/*/faketime/libfaketime.so.1",
};

/** A browser, and the emoji that it needs to show what players call themselves. */
export const browserPackages: Packages = {
  names: ["chromium", "fonts-noto-color-emoji"],
  isThere: "command -v chromium",
};

/**
 * Installs packages and says so in one line on standard error. The first
 * process to get here installs; the others wait for the lock and find
 * everything in place. The lock is the kernel's, on dpkg's own folder: it
 * leaves no file behind and ends with the process that holds it. Rejects with
 * apt-get's output as cause.
 */
export async function aptInstall({ names, isThere }: Packages): Promise<void> {
  const list = names.join(" ");
  const script = `
    { ${isThere}; } >/dev/null 2>&1 && exit 0
    echo "installing ${names.join(" and ")} with apt-get; this may take a minute" >&2
    { apt-get update && apt-get install -y --no-install-recommends ${list}; } 2>&1
  `;
  const apt = spawn("flock", ["/var/lib/dpkg", "sh", "-c", script], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(apt.stdout), once(apt, "exit")]);
  if (code === 0) return;
  throw new Error(`"apt-get install ${list}" failed`, {
    cause: new Error(output.slice(-4_000)),
  });
}
