import { callHeaders } from "./header-block.ts";
import { Http2Connection } from "./http2-connection.ts";
import { type Load, serveLoad } from "./load.ts";
import { ScoreRequest } from "./score-request.ts";

/** How often what is due is sent, in ms. */
const stepMs = 5;

const leaderEvery = 10;

/** Room for all calls of a third of a second at 6,000/s. */
const connections = 8;

/** What the service takes of one connection. */
const callsAtATime = 250;

interface Line {
  readonly connection: Http2Connection;
  inFlight: number;
}

export interface PacedOptions {
  readonly port: number;
  readonly token: string;
  readonly gameId: string;
  /** Makes the action ids differ from those of other runs. */
  readonly run: string;
  readonly players: number;
  /** Every tenth update is of one of so many first players, who take the top at once. */
  readonly leaders?: number;
  readonly perSecond: number;
}

export interface PacedResult {
  readonly seconds: number;
  readonly calls: number;
  /** Since the start: what the ledger must hold. */
  readonly accepted: number;
}

/** UpdateScore at a steady rate, whatever the answers take. */
class PacedLoad implements Load<PacedResult> {
  readonly #options: PacedOptions;
  readonly #request: ScoreRequest;
  readonly #idle = Promise.withResolvers<void>();
  #beganAt = 0;
  #calls = 0;
  #accepted = 0;
  #sent = 0;
  readonly #lines: Line[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PacedOptions) {
    this.#options = options;
    this.#request = new ScoreRequest(options.gameId, options.run);
  }

  async start(): Promise<this> {
    await Promise.all(Array.from({ length: connections }, () => this.#connect()));
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startedAt) * this.#options.perSecond) / 1_000;
      while (this.#sent < due) {
        const [line] = this.#lines.sort((a, b) => a.inFlight - b.inFlight);
        // A service that is so far behind is told the rest when it has caught up.
        if (line === undefined || line.inFlight === callsAtATime) return;
        const bytes = Buffer.allocUnsafe(this.#request.byteLength);
        this.#request.write(bytes, 0, this.#place(), this.#sent);
        this.#sent += 1;
        line.inFlight += 1;
        line.connection.call(bytes, true);
      }
    }, stepMs);
    return this;
  }

  async #connect(): Promise<void> {
    const { port, token } = this.#options;
    const answered = new Set<number>();
    const connection = await Http2Connection.open(port, callHeaders("UpdateScore", token), {
      onData: (streamId) => answered.add(streamId),
      onEnd: (streamId) => {
        if (!answered.delete(streamId)) throw new Error("a call failed");
        line.inFlight -= 1;
        this.#calls += 1;
        this.#accepted += 1;
        if (this.#timer === undefined && this.#accepted === this.#sent) this.#idle.resolve();
      },
    });
    const line: Line = { connection, inFlight: 0 };
    this.#lines.push(line);
  }

  begin(): void {
    this.#calls = 0;
    this.#beganAt = performance.now();
  }

  async end(): Promise<PacedResult> {
    const seconds = (performance.now() - this.#beganAt) / 1_000;
    const calls = this.#calls;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#accepted < this.#sent) await this.#idle.promise;
    for (const { connection } of this.#lines) connection.close();
    return { seconds, calls, accepted: this.#accepted };
  }

  #place(): number {
    const { players, leaders = players } = this.#options;
    const range = this.#sent % leaderEvery === 0 ? leaders : players;
    return Math.floor(Math.random() * range);
  }
}

serveLoad((options: PacedOptions) => new PacedLoad(options).start());
