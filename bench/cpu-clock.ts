import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Linux counts the CPU time of processes in hundredths of a second, on all its machines. */
const ticksPerSecond = 100;

/** Whether this system tells the CPU time of other processes. */
export const hasCpuClock = process.platform === "linux";

/**
 * CPU seconds that a process and all those below it have taken, with those
 * that have ended and been waited for; 0 when it is gone.
 */
export function cpuSeconds(pid: number): number {
  try {
    // After the name, which may hold anything but ends with the last bracket,
    // comes field 3; user, system, children's user and system are 14 to 17.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return children(pid).reduce((sum, child) => sum + cpuSeconds(child), ticks / ticksPerSecond);
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

/** Resident memory in MiB of a process and all those below it; what they share counts for each. */
export function residentMebibytes(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    const own = Number(kibibytes?.[1] ?? 0) / 1_024;
    return children(pid).reduce((sum, child) => sum + residentMebibytes(child), own);
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

/** CPU seconds that the machine has been busy on all its cores, for whomever. */
export function machineSeconds(): number {
  const busy = cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return busy.reduce((sum, ms) => sum + ms, 0) / 1_000;
}

function children(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1")
      .split(" ")
      .filter(Boolean)
      .map(Number),
  );
}

function isGone(error: unknown): boolean {
  return ["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "");
}
