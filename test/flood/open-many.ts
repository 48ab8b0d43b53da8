const atOnce = 100;

/** As many as `count`, a hundred opened at a time; resolves when all are open. */
export async function openMany<T>(count: number, open: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  while (all.length < count) {
    const length = Math.min(atOnce, count - all.length);
    all.push(...(await Promise.all(Array.from({ length }, open))));
  }
  return all;
}
