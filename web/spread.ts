interface Cluster {
  /** The sum of the marks' wanted places. */
  sum: number;
  count: number;
}

/**
 * Moves marks apart until neighbours are at least `gap` from each other,
 * keeping their order. Marks that collide are spread around their middle;
 * the others stay where they are. `places` run in one direction, up or down.
 */
export function spread(places: readonly number[], gap: number): number[] {
  const isUpward = (places.at(-1) ?? 0) < (places[0] ?? 0);
  const marks = isUpward ? [...places].reverse() : places;
  const clusters: Cluster[] = [];
  for (const mark of marks) {
    let last: Cluster = { sum: mark, count: 1 };
    for (
      let before = clusters.at(-1);
      before && endOf(before, gap) + gap > startOf(last, gap);
      before = clusters.at(-1)
    ) {
      last = { sum: before.sum + last.sum, count: before.count + last.count };
      clusters.pop();
    }
    clusters.push(last);
  }
  const spreadOut = clusters.flatMap((cluster) =>
    Array.from({ length: cluster.count }, (_, index) => startOf(cluster, gap) + index * gap),
  );
  return isUpward ? spreadOut.reverse() : spreadOut;
}

function startOf({ sum, count }: Cluster, gap: number): number {
  return sum / count - ((count - 1) * gap) / 2;
}

function endOf(cluster: Cluster, gap: number): number {
  return startOf(cluster, gap) + (cluster.count - 1) * gap;
}
