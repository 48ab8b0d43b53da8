import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds, hasCpuClock, machineSeconds, residentMebibytes } from "./cpu-clock.ts";
import type { LoadProcess, Measured } from "./load-process.ts";

/** Ids of the processes that take part. */
export interface Processes {
  /** Or the bare server in its place. */
  readonly service?: number;
  readonly postgres?: number;
  readonly redis?: number;
}

/** CPU seconds that each took during a measure; undefined where it took no part or the system does not tell. */
export interface CpuTimes {
  readonly service: number | undefined;
  readonly postgres: number | undefined;
  readonly redis: number | undefined;
  readonly generator: number;
  /** Everything else on the machine: it shows how far the figures can be trusted. */
  readonly others: number | undefined;
}

/** What a load measured, and what the others did meanwhile. */
export interface Taken<R> {
  readonly results: readonly R[];
  readonly cpu: CpuTimes;
  /** MiB of the service at the end; undefined where there is none or the system does not tell. */
  readonly residentMebibytes: number | undefined;
  /** When it began and ended, in µs of the system's steady clock, which CPU profiles use too. */
  readonly from: number;
  readonly to: number;
}

/** The time before a measure and that of it. */
export interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly signal: AbortSignal;
}

/** Lets loads that run already go on for the time of warming up, and then measures. */
export async function take<R>(
  loads: readonly LoadProcess<unknown, R>[],
  processes: Processes,
  { warmUpMs, measureMs, signal }: Times,
): Promise<Taken<R>> {
  await sleep(warmUpMs, undefined, { signal });
  await Promise.all(loads.map((load) => load.begin()));
  const before = clocks(processes);
  await sleep(measureMs, undefined, { signal });
  const after = clocks(processes);
  const { service } = processes;
  const residentNow = hasCpuClock && service !== undefined ? residentMebibytes(service) : undefined;
  const measured = await Promise.all(loads.map((load) => load.end()));
  return {
    results: measured.map(({ result }) => result),
    cpu: difference(before, after, measured),
    residentMebibytes: residentNow,
    from: before.at,
    to: after.at,
  };
}

type Clocks = { readonly at: number } & Partial<
  Record<"service" | "postgres" | "redis" | "machine", number | undefined>
>;

function clocks({ service, postgres, redis }: Processes): Clocks {
  const at = Number(process.hrtime.bigint() / 1_000n);
  if (!hasCpuClock) return { at };
  const secondsOf = (pid: number | undefined) => (pid === undefined ? undefined : cpuSeconds(pid));
  return {
    at,
    service: secondsOf(service),
    postgres: secondsOf(postgres),
    redis: secondsOf(redis),
    machine: machineSeconds(),
  };
}

function difference(
  before: Clocks,
  after: Clocks,
  measured: readonly Measured<unknown>[],
): CpuTimes {
  const between = (name: "service" | "postgres" | "redis" | "machine") => {
    const [from, to] = [before[name], after[name]];
    return from === undefined || to === undefined ? undefined : to - from;
  };
  const generator = measured.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const [service, postgres, redis] = [between("service"), between("postgres"), between("redis")];
  const known = generator + (service ?? 0) + (postgres ?? 0) + (redis ?? 0);
  const machine = between("machine");
  const others = machine === undefined ? undefined : Math.max(0, machine - known);
  return { service, postgres, redis, generator, others };
}
