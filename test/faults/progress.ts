/** One line that says what is going on everywhere; without a terminal, a line for each change. */
export class Progress {
  readonly #began = performance.now();
  readonly #doing = new Map<string, string>();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor() {
    if (process.stderr.isTTY) this.#timer = setInterval(() => this.#draw(), 500);
  }

  doing(scenario: string, what: string): void {
    this.#doing.set(scenario, what);
    if (this.#timer === undefined) this.#write(`${scenario}: ${what}\n`);
    else this.#draw();
  }

  /** A line that stays. */
  done(scenario: string, line: string): void {
    this.#doing.delete(scenario);
    if (this.#timer) process.stderr.write("\r\x1b[K");
    process.stdout.write(`${line}\n`);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #draw(): void {
    const doing = [...this.#doing].map((entry) => entry.join(": ")).join("  ");
    const width = process.stderr.columns ?? 80;
    process.stderr.write("\r\x1b[K");
    this.#write(doing.slice(0, width - 8));
  }

  #write(text: string): void {
    const seconds = Math.round((performance.now() - this.#began) / 1_000);
    process.stderr.write(`${String(seconds).padStart(4)} s ${text}`);
  }
}
