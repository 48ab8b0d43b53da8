import { Glides, glideEasing, glideMs } from "./glides.ts";

/**
 * Rows that glide at the same time, at most. Each costs the browser about
 * 25 µs of style work in every animation frame (Chromium 156 without a GPU), and
 * where more rows than these are under way the eye follows none of them.
 */
const mostGlides = 16;

/**
 * Lets the rows of one table body glide to their new places, with `transform`
 * only. Rows out of sight are not animated: a hundred of them would cost more
 * than all the rest of the page.
 */
export class Glider {
  readonly #body: HTMLTableSectionElement;
  readonly #glides = new Glides();
  /** The rows under way; those that have arrived are dropped at the next move. */
  readonly #running = new Map<Element, { animation: Animation; endsAt: number }>();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(body: HTMLTableSectionElement) {
    this.#body = body;
  }

  /**
   * To be called right after the rows were put in the order of `keys`, when
   * nothing else will change the layout before it is painted: then the one
   * measurement, of the whole body, costs nothing.
   */
  settle(keys: readonly string[]): void {
    const now = performance.now();
    const moved = this.#glides.moved(keys, now);
    if (this.#calm.matches || moved.length === 0) return;
    for (const [row, { endsAt }] of this.#running) if (endsAt <= now) this.#running.delete(row);
    const { top, height } = this.#body.getBoundingClientRect();
    const rowHeight = height / keys.length;
    const first = -top / rowHeight - 1;
    const last = (innerHeight - top) / rowHeight;
    const seen = moved.filter(
      ({ index, from }) =>
        Math.max(index, index + from) >= first && Math.min(index, index + from) <= last,
    );
    // The furthest first: they are what there is to see.
    seen.sort((one, other) => Math.abs(other.from) - Math.abs(one.from));
    const rows = this.#body.rows;
    for (const { index, from } of seen) {
      const row = rows[index];
      if (row === undefined) continue;
      this.#running.get(row)?.animation.cancel();
      this.#running.delete(row);
      if (this.#running.size >= mostGlides) continue;
      const frames = [
        { transform: `translateY(${from * rowHeight}px)` },
        { transform: "translateY(0)" },
      ];
      const animation = row.animate(frames, { duration: glideMs, easing: glideEasing });
      this.#running.set(row, { animation, endsAt: now + glideMs });
    }
  }
}
