import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";

/** Whether this is a Debian-like system on which this process may install packages. */
export function canAptInstall(): boolean {
  return existsSync("/etc/debian_version") && process.getuid?.() === 0;
}

/**
 * The first process to get here installs; the others wait for the lock and
 * find everything in place.
 */
const INSTALL = `
  command -v redis-server && ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null && exit 0
  echo "installing redis-server and postgresql with apt-get; this may take a minute" >&2
  { apt-get update && apt-get install -y --no-install-recommends redis-server postgresql; } 2>&1
`;

/**
 * Installs Redis and PostgreSQL and says so in one line on standard error.
 * Where Debian starts them as services, they hold their standard ports and
 * folders; the servers of this room use neither. The lock is the kernel's, on
 * dpkg's own folder: it leaves no file behind and ends with the process that
 * holds it. Rejects with apt-get's output as cause.
 */
export async function aptInstall(): Promise<void> {
  const apt = spawn("flock", ["/var/lib/dpkg", "sh", "-c", INSTALL], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(apt.stdout), once(apt, "exit")]);
  if (code === 0) return;
  throw new Error('"apt-get install redis-server postgresql" failed', {
    cause: new Error(output.slice(-4_000)),
  });
}
