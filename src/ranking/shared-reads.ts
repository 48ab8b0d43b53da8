interface Turn<T> {
  readonly current: Promise<T>;
  /** For all who asked since `current` began. */
  next: Promise<T> | undefined;
}

/**
 * One read of a kind at a time. Whoever asks while one is under way shares the
 * next with all who ask meanwhile: it begins after they asked, and so it sees
 * all that was done before. A lone read waits for nothing.
 */
export class SharedReads<T> {
  readonly #turns = new Map<string, Turn<T>>();

  /** `read` must read the same for the same `key`, and reject rather than throw. */
  read(key: string, read: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(key);
    if (turn === undefined) return this.#begin(key, read);
    const begin = () => this.#begin(key, read);
    turn.next ??= turn.current.then(begin, begin);
    return turn.next;
  }

  #begin(key: string, read: () => Promise<T>): Promise<T> {
    const turn: Turn<T> = { current: read(), next: undefined };
    this.#turns.set(key, turn);
    const end = () => turn.next === undefined && this.#turns.delete(key);
    turn.current.then(end, end);
    return turn.current;
  }
}
