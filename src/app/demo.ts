import { parseArgs } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, credentials, Metadata } from "@grpc/grpc-js";
import {
  ScoreService,
  type StreamScoresRequest,
  StreamScoresRequestSchema,
  type StreamScoresResponse,
  StreamScoresResponseSchema,
} from "../../gen/score/v1/score_pb.js";
import { demoMoves } from "./demo-game.ts";
import { WrongSettings } from "./environment.ts";
import { ownToken } from "./own-token.ts";
import { StopRequests } from "./stop-requests.ts";

const help = `usage: npm run demo -- [--address 127.0.0.1:50051] [--game demo] [--players 300]
                     [--rate 100 events/s] [--seconds 0: until Ctrl-C]
With DEMO_TOKEN in the environment it uses that token, else one of the secret of this folder.`;

/** Plays a lively game through the public gRPC API of a running service. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      address: { type: "string", default: "127.0.0.1:50051" },
      game: { type: "string", default: "demo" },
      players: { type: "string", default: "300" },
      rate: { type: "string", default: "100" },
      seconds: { type: "string", default: "0" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(`${help}\n`);
  // Not an option: everybody who lists processes would see it.
  const own = { role: "server", subject: "demo", game: values.game, expiresIn: "1d" } as const;
  const token = process.env.DEMO_TOKEN ?? (await ownToken(own));
  const client = new Client(values.address, credentials.createInsecure());
  const stream = openStream(client, token);
  const progress = new Progress(Number(values.players));
  const ended = follow(stream, progress);
  const stopAt =
    Number(values.seconds) > 0 ? Date.now() + 1_000 * Number(values.seconds) : Infinity;
  let isStopping = false;
  new StopRequests(() => {
    isStopping = true;
  }).on("SIGINT");
  const moves = demoMoves(Number(values.players));
  const pauseMs = 50;
  const run = Date.now().toString(36);
  for (let sent = 0; !isStopping && !progress.isOver && Date.now() < stopAt; ) {
    const due = progress.secondsSinceStart() * Number(values.rate);
    for (; sent < due; sent += 1) {
      const { playerId, displayName, points } = moves.next().value;
      stream.write(
        create(StreamScoresRequestSchema, {
          gameId: values.game,
          playerId,
          displayName,
          actionId: `demo-${run}-${sent}`,
          what: { case: "points", value: BigInt(points) },
        }),
      );
    }
    progress.show(sent);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  stream.end();
  await ended;
  client.close();
  progress.finish();
}

function openStream(client: Client, token: string) {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const { parent, name } = ScoreService.method.streamScores;
  return client.makeBidiStreamRequest<StreamScoresRequest, StreamScoresResponse>(
    `/${parent.typeName}/${name}`,
    (message) => Buffer.from(toBinary(StreamScoresRequestSchema, message)),
    (bytes) => fromBinary(StreamScoresResponseSchema, bytes),
    metadata,
  );
}

function follow(
  stream: ClientDuplexStream<StreamScoresRequest, StreamScoresResponse>,
  progress: Progress,
): Promise<void> {
  stream.on("data", ({ outcome }: StreamScoresResponse) => {
    if (outcome.case === "error") progress.fail(outcome.value.message);
    else progress.acknowledged += 1;
  });
  return new Promise((resolve) => {
    stream.on("error", (error) => {
      progress.fail(error.message);
      progress.isOver = true;
      process.exitCode = 1;
      resolve();
    });
    stream.on("end", () => resolve());
  });
}

/** One line that tells how it goes. */
class Progress {
  acknowledged = 0;
  isOver = false;
  readonly #players: number;
  readonly #began = Date.now();
  #failure = "";
  #shownAt = 0;

  constructor(players: number) {
    this.#players = players;
  }

  secondsSinceStart(): number {
    return (Date.now() - this.#began) / 1_000;
  }

  fail(message: string): void {
    this.#failure = message;
  }

  show(sent: number): void {
    const waiting = sent - this.acknowledged;
    const rate = Math.round(this.acknowledged / Math.max(1, this.secondsSinceStart()));
    const failure = this.#failure && `  last error: ${this.#failure}`;
    const line = `${this.#players} players, ${this.acknowledged} events durable, ${waiting} under way, ${rate}/s${failure}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else if (Date.now() - this.#shownAt > 5_000) {
      this.#shownAt = Date.now();
      process.stderr.write(`${line}\n`);
    }
  }

  finish(): void {
    const failure = this.#failure && `; last error: ${this.#failure}`;
    process.stderr.write(`\n${this.acknowledged} events durable${failure}\n`);
  }
}

try {
  await main();
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  if (!(error instanceof WrongSettings) && !code) throw error;
  process.stderr.write(`demo: ${message}\n`);
  process.exitCode = 2;
}
