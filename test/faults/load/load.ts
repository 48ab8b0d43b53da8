import { AdminService, Aggregation, Direction } from "../../../gen/score/v1/admin_pb.js";
import { type ClientKind, clientKinds, type Ports } from "../../lanes/clients.ts";
import { eventually } from "../../lanes/eventually.ts";
import { GrpcClient } from "../../lanes/grpc-client.ts";
import { CallError } from "../../lanes/lane-client.ts";
import { tokenFor } from "../../lanes/test-service.ts";
import type { Dice } from "../dice.ts";
import type { BoardRules } from "../judge/history.ts";
import type { Recorder } from "../judge/recorder.ts";
import { cheat } from "./cheater.ts";
import { GameServer } from "./game-server.ts";
import { Gate } from "./gate.ts";
import { read } from "./reader.ts";
import { spectate } from "./spectator.ts";
import { BatchSubmitter, PipeSubmitter, SingleSubmitter, type Submitter } from "./submitter.ts";

/** One of each kind. */
export const boards: readonly BoardRules[] = [
  { boardId: "total", aggregation: "sum", direction: "descending" },
  { boardId: "least", aggregation: "best", direction: "ascending" },
  { boardId: "last", aggregation: "latest", direction: "descending" },
];

/** A client's patience with a submission: longer than a silent Redis may cost. */
const timeoutMs = 6_000;

const [viaGrpc, viaConnect, viaGrpcWeb] = clientKinds as [ClientKind, ClientKind, ClientKind];

interface LoadOptions {
  readonly gameId: string;
  /** Where clients connect; one of them is Envoy's when there is one. */
  readonly instances: readonly Ports[];
  readonly recorder: Recorder;
  readonly dice: Dice;
}

/** Everybody who plays, watches, reads and cheats, until `end`. */
export class Load {
  readonly #options: LoadOptions;
  readonly #gate = new Gate();
  readonly #stop = new AbortController();
  #ended: Promise<unknown> = Promise.resolve();

  private constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Creates the game and lets everybody in. */
  static async start(options: LoadOptions): Promise<Load> {
    await createGame(options.gameId, options.instances[0] as Ports);
    const load = new Load(options);
    load.#ended = load.#run();
    // A client that fails otherwise than by a call fails the run at its end.
    load.#ended.catch(() => {});
    return load;
  }

  /** Resolves when every event under way was acknowledged; nobody submits any more. */
  pause(): Promise<void> {
    return this.#gate.close();
  }

  resume(): void {
    this.#gate.open();
  }

  /** Sends everybody home and waits for nobody. */
  abandon(): void {
    this.#stop.abort();
    this.#gate.open();
  }

  /** Sends everybody home. Rejects when a client met what no call should bring. */
  async end(): Promise<void> {
    this.abandon();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { gameId, instances, recorder, dice } = this.#options;
    const { signal } = this.#stop;
    const [server, player] = await Promise.all([
      tokenFor("server", "game-server", gameId),
      tokenFor("player", "eve", gameId),
    ]);
    const shared = { instances, recorder, signal };
    const play = (count: number, name: string, size: number, open: (at: Ports) => Submitter) =>
      Array.from({ length: count }, (_, n) =>
        new GameServer({
          ...{ ...shared, gate: this.#gate, dice: dice.fork() },
          ...{ name: `${name}-${n + 1}`, size, open },
        }).run(),
      );
    const options = { gameId, token: server, timeoutMs };
    const client = (kind: ClientKind) => (at: Ports) => ({ ...options, client: kind.open(at) });
    const watch = (kind: ClientKind, { boardId }: BoardRules, limit: number) =>
      spectate({
        ...{ ...shared, kind, gameId, boardId, limit, dice: dice.fork() },
        name: `${kind.name} ${limit}`,
      });
    await Promise.all([
      ...play(8, "grpc", 1, (at) => new SingleSubmitter(client(viaGrpc)(at))),
      ...play(2, "connect", 1, (at) => new SingleSubmitter(client(viaConnect)(at))),
      ...play(2, "batch", 10, (at) => new BatchSubmitter(client(viaGrpc)(at))),
      ...play(2, "pipe", 5, (at) => {
        return new PipeSubmitter({ ...options, client: new GrpcClient(at.grpcPort) });
      }),
      ...boards.flatMap((board) => [watch(viaGrpc, board, 10), watch(viaGrpcWeb, board, 100)]),
      cheat({ ...shared, kind: viaGrpc, gameId, tokens: { server, player }, dice: dice.fork() }),
      read({ ...shared, kind: viaConnect, gameId, boards, dice: dice.fork() }),
    ]);
  }
}

async function createGame(gameId: string, { grpcPort }: Ports): Promise<void> {
  const client = new GrpcClient(grpcPort);
  const token = await tokenFor("admin", "operator", gameId);
  const game = {
    gameId,
    boards: boards.map(({ boardId, aggregation, direction }) => ({
      boardId,
      aggregation: Aggregation[aggregation.toUpperCase() as "SUM" | "BEST" | "LATEST"],
      direction: Direction[direction.toUpperCase() as "ASCENDING" | "DESCENDING"],
    })),
  };
  try {
    await eventually("the game is there", () =>
      client.call(AdminService.method.putGame, { game }, { token }).then(
        () => true,
        (error) => !(error instanceof CallError),
      ),
    );
  } finally {
    client.close();
  }
}
