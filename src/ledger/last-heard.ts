/** When each connection was last heard, to tell which may be dead as well when one of them is. */
export class LastHeard {
  readonly #heardAt = new WeakMap<object, number>();
  #brokenSince = Number.NEGATIVE_INFINITY;

  /** The server has just answered on it. */
  heard(connection: object): void {
    this.#heardAt.set(connection, performance.now());
  }

  /** A statement that was sent at `since`, by `performance.now`, got no answer. */
  missed(since: number): void {
    this.#brokenSince = Math.max(this.#brokenSince, since);
  }

  /** Nothing was heard on it since a statement on another was sent that got no answer. */
  mayBeDead(connection: object): boolean {
    return (this.#heardAt.get(connection) ?? Number.NEGATIVE_INFINITY) < this.#brokenSince;
  }
}
