import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { AdminService, Aggregation, Direction } from "../../gen/score/v1/admin_pb.js";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { signToken } from "../../src/access/token-signer.ts";
import type { Role } from "../../src/model/score-event.ts";
import { makeCertificate } from "../lanes/certificate.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { startEnvoy } from "../servers/envoy-server.ts";
import { ServiceProcess } from "../servers/service-process.ts";
import { acknowledgements } from "./acknowledged.ts";
import type { KnownIds } from "./bytes.ts";
import { RawGrpc } from "./grpc-call.ts";
import { RawHttp, RawSecureHttp } from "./http-call.ts";
import { MemoryGauge } from "./memory.ts";
import { eventCodes, type FuzzedMethod } from "./methods.ts";
import { nameOf, nameOfCode, type Outcome } from "./outcome.ts";
import type { FuzzedProtocol, Through } from "./protocols.ts";
import type { RawRequest } from "./requests.ts";

/** Where scores may be sent to; its settings stay. */
export const arena = "arena";

/** What the fuzzed calls name most of the time. */
export const knownIds: KnownIds = {
  game_id: [arena, arena, arena, "workshop", "nobodys"],
  player_id: ["ada", "bob", "eve"],
  around_player_id: ["ada", ""],
  action_id: Array.from({ length: 500 }, (_, n) => `action-${n}`),
  action: ["headshot", "unknown"],
  board_id: ["total", "least", "last", ""],
  display_name: ["Ada", "Bob", "Ève 🦊"],
  page_token: ["", "YWZ0ZXI6MQ"],
};

/** The arena's boards. */
export const arenaRules = {
  total: { aggregation: "sum", direction: "descending" },
  least: { aggregation: "best", direction: "ascending" },
  last: { aggregation: "latest", direction: "descending" },
} as const;

/** The same in the words of the contract. */
const boards = [
  { boardId: "total", aggregation: Aggregation.SUM, direction: Direction.DESCENDING },
  { boardId: "least", aggregation: Aggregation.BEST, direction: Direction.ASCENDING },
  { boardId: "last", aggregation: Aggregation.LATEST, direction: Direction.DESCENDING },
];

/** A line of a board. */
export interface ShownEntry {
  readonly rank: number;
  readonly playerId: string;
  readonly score: number;
}

/** Else answers are packed like the requests. */
const plainAnswers = {
  "accept-encoding": "identity",
  "connect-accept-encoding": "identity",
  "grpc-accept-encoding": "identity",
};

interface Caller {
  call(request: RawRequest & { readonly isWatch: boolean }): Promise<Outcome>;
  close(): void;
}

type LanePorts = Readonly<Record<"gRPC lane" | "web lane", number>>;

interface Parts {
  readonly service: ServiceProcess;
  readonly memory: MemoryGauge;
  readonly tokens: Readonly<Record<Role, string>>;
  /** PEM of what clients trust; undefined without TLS. */
  readonly ca: Buffer | undefined;
  readonly ports: FuzzScene["ports"];
  readonly callers: Readonly<Partial<Record<Through, Caller>>>;
  readonly closers: readonly (() => Promise<void>)[];
}

/** A service in a process of its own, and those who abuse it and the Envoy in front of it. */
export class FuzzScene {
  readonly service: ServiceProcess;
  readonly memory: MemoryGauge;
  readonly ports: LanePorts & { readonly Envoy?: number };
  /** The `seq` of each event of the arena that was acknowledged. */
  readonly acknowledged = new Set<number>();
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.service = parts.service;
    this.memory = parts.memory;
    this.ports = parts.ports;
  }

  /** With `isSecure` the service has a certificate, and nobody in front of it. */
  static async open({ isSecure = false } = {}): Promise<FuzzScene> {
    const secret = randomBytes(32).toString("hex");
    const certificate = isSecure ? await makeCertificate() : undefined;
    const service = await ServiceProcess.create({
      SCORE_JWT_SECRET: secret,
      SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
      NODE_OPTIONS: "--inspect=127.0.0.1:0",
      ...certificate?.settings,
    });
    await service.start();
    const output = await service.log();
    const httpPort = Number(/web +https?:\/\/[^ ]+:(\d+)/.exec(output)?.[1]);
    const grpcPort = Number(service.grpcAddress.split(":").at(-1));
    const sign = (role: Role, game: string) =>
      signToken(new TextEncoder().encode(secret), { role, subject: role, game, expiresIn: "1d" });
    const tokens = {
      player: await sign("player", arena),
      server: await sign("server", arena),
      // Else it would change the boards that the others write to.
      admin: await sign("admin", "workshop"),
    };
    const memory = await MemoryGauge.open(output);
    const ports = { "gRPC lane": grpcPort, "web lane": httpPort };
    const common = { service, memory, tokens, ca: certificate?.ca };
    const scene = certificate
      ? new FuzzScene({
          ...common,
          ports,
          callers: { "web lane by HTTP/2 with TLS": new RawSecureHttp(httpPort, certificate.ca) },
          closers: [() => certificate.close()],
        })
      : await FuzzScene.#behindEnvoy(common, ports);
    const admin = scene.client();
    const actions = [{ action: "headshot", points: 10n }];
    const game = { gameId: arena, boards, actions };
    await admin.call(AdminService.method.putGame, { game }, { token: await sign("admin", arena) });
    admin.close();
    return scene;
  }

  static async #behindEnvoy(
    parts: Omit<Parts, "ports" | "callers" | "closers">,
    ports: LanePorts,
  ): Promise<FuzzScene> {
    const { "gRPC lane": grpcPort, "web lane": httpPort } = ports;
    const envoy = await startEnvoy({ instances: [{ grpcPort, httpPort }] });
    return new FuzzScene({
      ...parts,
      ports: { ...ports, Envoy: envoy.port },
      callers: {
        "gRPC lane": new RawGrpc(grpcPort),
        "web lane": new RawHttp(httpPort),
        "Envoy by HTTP/2": new RawGrpc(envoy.port),
        Envoy: new RawHttp(envoy.port),
      },
      closers: [() => envoy.close()],
    });
  }

  /** A good one, of the gRPC lane. */
  client(): GrpcClient {
    return new GrpcClient(this.ports["gRPC lane"], this.#parts.ca);
  }

  get serverToken(): string {
    return this.#parts.tokens.server;
  }

  /** Sends it, and throws unless the contract has what comes back. */
  async attack(
    { through }: FuzzedProtocol,
    method: FuzzedMethod,
    request: RawRequest,
  ): Promise<Outcome> {
    const role = method.path.startsWith("/score.v1.AdminService/") ? "admin" : "server";
    const headers = {
      authorization: `Bearer ${this.#parts.tokens[role]}`,
      ...plainAnswers,
      ...request.headers,
    };
    const isWatch = method.isWatch;
    const caller = this.#parts.callers[through];
    if (caller === undefined) throw new Error(`this scene has no ${through}`);
    const outcome = await caller.call({ ...request, headers, isWatch });
    const name = nameOf(outcome);
    assert.ok(
      isDocumented(name, method, request, outcome),
      `${name} (HTTP ${outcome.http}): ${outcome.message.slice(0, 300)}`,
    );
    for (const event of await acknowledgements(method, outcome)) {
      if (typeof event === "number") {
        const code = nameOfCode(event);
        const codes = mayBeLate(request) ? [...eventCodes, "DEADLINE_EXCEEDED"] : eventCodes;
        assert.ok(codes.includes(code), `an event was refused with ${code}`);
      } else if (event.duplicate) {
        assert.ok(this.acknowledged.has(Number(event.seq)), "a duplicate of nothing");
      } else {
        this.acknowledged.add(Number(event.seq));
      }
    }
    return outcome;
  }

  /** A whole board of the arena. */
  async board(boardId: string): Promise<ShownEntry[]> {
    const client = this.client();
    const shown: ShownEntry[] = [];
    for (let pageToken: string | undefined; pageToken !== ""; ) {
      const request = { gameId: arena, boardId, limit: 100, pageToken: pageToken ?? "" };
      const page = await client.call(ScoreService.method.getLeaderboard, request);
      for (const { rank, playerId, score } of page.entries) {
        shown.push({ rank: Number(rank), playerId, score: Number(score) });
      }
      pageToken = page.nextPageToken;
    }
    client.close();
    return shown;
  }

  /** What it logged besides its greeting and what the inspector says of itself. */
  async complaints(): Promise<string[]> {
    const greeting = /^(score is running| {2}\w+ +\S.*|The embedded ledger .*|moments\. Set .*|)$/;
    const inspector = /^(Debugger (listening|attached|ending)|For help, see: )/;
    const lines = (await this.service.log()).split("\n");
    return lines.filter((line) => !greeting.test(line) && !inspector.test(line));
  }

  /** SIGTERM to the service, and waits until it has ended by itself. */
  async stopService(): Promise<void> {
    // It would wait for whoever looks into it.
    await this.memory.close();
    await this.service.stop();
  }

  async close(): Promise<void> {
    for (const caller of Object.values(this.#parts.callers)) caller.close();
    await this.memory.close();
    for (const close of this.#parts.closers) await close();
    await this.service.close();
  }
}

function mayBeLate({ headers }: RawRequest): boolean {
  return "grpc-timeout" in headers || "connect-timeout-ms" in headers;
}

/** Refusals of HTTP alone: a path, verb, type or header that is none of this service's. */
const httpRefusals = ["HTTP 400", "HTTP 404", "HTTP 405", "HTTP 415", "HTTP 431", "HTTP 505"];

function isDocumented(
  name: string,
  { codes }: FuzzedMethod,
  request: RawRequest,
  { message, http }: Outcome,
): boolean {
  return (
    name === "OK" ||
    codes.includes(name) ||
    // An unknown compression, or another number of messages than the method takes.
    name === "UNIMPLEMENTED" ||
    // A length beyond 4 MiB.
    name === "RESOURCE_EXHAUSTED" ||
    (name === "DEADLINE_EXCEEDED" && mayBeLate(request)) ||
    (name === "UNAUTHENTICATED" && "authorization" in request.headers) ||
    httpRefusals.includes(name) ||
    // A path that is none, as REST says it.
    (name === "NOT_FOUND" && http === 404) ||
    // Envoy's own filter, which has no setting for it.
    (name === "INTERNAL" && http === 400 && message.startsWith("Bad gRPC-web request"))
  );
}
