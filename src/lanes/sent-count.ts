/** Counts the messages that a stream has not taken yet. */
export class SentCount {
  #waiting = 0;
  #wake = () => {};

  /** One more; to be told when the stream has taken it, or failed to. */
  begin(): () => void {
    this.#waiting += 1;
    return this.#done;
  }

  async all(): Promise<void> {
    while (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  readonly #done = (): void => {
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#wake();
  };
}
