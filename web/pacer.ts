/**
 * Draws at most once per animation frame, however often it is asked to. What
 * came in between is drawn together: only the newest state is ever shown.
 */
export class Pacer {
  readonly #schedule: (draw: () => void) => void;
  readonly #draw: () => void;
  #isDue = false;

  /** `schedule` calls back at the next animation frame. */
  constructor(schedule: (draw: () => void) => void, draw: () => void) {
    this.#schedule = schedule;
    this.#draw = draw;
  }

  request(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#schedule(() => {
      this.#isDue = false;
      this.#draw();
    });
  }
}
