/** Whether an instance still runs. One that stops without goodbye hears no answer and no timer. */
export class Lifetime {
  #isOver = false;
  readonly #over = Promise.withResolvers<void>();
  /** Resolves when it is over. */
  readonly over: Promise<void> = this.#over.promise;

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
    this.#over.resolve();
  }
}
