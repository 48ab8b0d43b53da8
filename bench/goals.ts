/** What a quantity is to reach, at least or at most. */
export interface Goal {
  readonly least?: number;
  readonly most?: number;
}

/** A load at a steady pace that falls behind by more than this is another load. */
const onPace = 0.97;

const mebibytes = (megabytes: number) => (1e6 * megabytes) / 2 ** 20;

/** By the key of a figure and the name of its quantity, on two cores that also carry load and databases. */
const goals: Readonly<Record<string, Readonly<Record<string, Goal>>>> = {
  "update-128": { rate: { least: 12_000 }, p99: { most: 25 } },
  "update-512": { rate: { least: 15_000 } },
  "update-1": { p50: { most: 0.7 } },
  stream: { rate: { least: 30_000 } },
  "read-top": { rate: { least: 16_000 } },
  "read-around": { rate: { least: 11_000 } },
  "read-standing": { rate: { least: 14_000 } },
  watch: { rate: { least: 350_000 }, memory: { most: mebibytes(300) } },
  crowd: {
    rate: { least: 200_000 },
    p99: { most: 100 },
    memory: { most: mebibytes(500) },
    updates: { least: onPace * 3_000 },
  },
  live: { p50: { most: 60 }, p99: { most: 100 }, updates: { least: onPace * 5_000 } },
  "web-update": { rate: { least: 5_000 } },
  "web-watch": { rate: { least: 30_000 } },
  ranking: { "Redis memory": { most: 200 }, rebuild: { most: 15 } },
  embedded: { start: { most: 10 } },
  growth: {
    "slower, 1,000,000 players": { most: 25 },
    "slower, 5,000,000 players": { most: 25 },
  },
};

export function goalOf(key: string, quantity: string): Goal | undefined {
  return goals[key]?.[quantity];
}

export function isReached({ least, most }: Goal, value: number): boolean {
  return (least === undefined || value >= least) && (most === undefined || value <= most);
}
