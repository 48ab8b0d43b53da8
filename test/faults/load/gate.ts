/** Lets those who come by in, or makes them wait; tells when nobody is inside. */
export class Gate {
  #opened = Promise.withResolvers<void>();
  #isOpen = true;
  #inside = 0;
  #emptied = Promise.withResolvers<void>();

  /** Runs `visit` once the gate is open. */
  async visit(visit: () => Promise<void>): Promise<void> {
    while (!this.#isOpen) await this.#opened.promise;
    this.#inside += 1;
    try {
      await visit();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0 && !this.#isOpen) this.#emptied.resolve();
    }
  }

  /** Resolves when those inside have left. */
  close(): Promise<void> {
    this.#isOpen = false;
    this.#opened = Promise.withResolvers();
    this.#emptied = Promise.withResolvers();
    if (this.#inside === 0) this.#emptied.resolve();
    return this.#emptied.promise;
  }

  open(): void {
    this.#isOpen = true;
    this.#opened.resolve();
  }
}
