/** Says on standard error what goes on, how far it is, and for how long it has gone on. */
export class Progress {
  readonly #parts: number;
  readonly #began = performance.now();
  #part: number;

  /** Of so many parts, the first `done` of which are over. */
  constructor(parts: number, done: number) {
    this.#parts = parts;
    this.#part = done;
  }

  say(text: string): void {
    const seconds = Math.round((performance.now() - this.#began) / 1_000);
    const place = `${this.#part} of ${this.#parts}`;
    process.stderr.write(`bench: ${place}, ${seconds} s: ${text}\n`);
  }

  /** Begins the next part; what it says comes with its name. */
  part(name: string): (text: string) => void {
    this.#part += 1;
    this.say(`a new game for ${name}`);
    return (text) => this.say(text);
  }
}
