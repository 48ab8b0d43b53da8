import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { AdminService, Aggregation, Direction } from "../../gen/score/v1/admin_pb.js";
import {
  type Entry,
  type GetLeaderboardRequestSchema,
  type GetLeaderboardResponse,
  ScoreService,
} from "../../gen/score/v1/score_pb.js";
import { BoardModel } from "../ledger/board-model.ts";
import { ScoreClient } from "./score-client.ts";
import { ScoreLoad } from "./score-load.ts";
import type { ServiceProcess } from "./service-process.ts";

/** An event as the ledger's table holds it. */
export interface LedgerRow {
  readonly actionId: string;
  readonly playerId: string;
  readonly points: number;
  readonly seq: number;
}

/** A player of a board as the ledger's table holds them. */
export interface StandingRow {
  readonly boardId: string;
  readonly playerId: string;
  readonly score: number;
  readonly seq: number;
}

/** The tables of a ledger, past the service. */
export interface LedgerTables {
  events(gameId: string): Promise<readonly LedgerRow[]>;
  standings(gameId: string): Promise<readonly StandingRow[]>;
}

/** Acknowledgements before each kill: soon after the start, and in full swing. */
const kills = [200, 1_000, 2_000];

/** How long a ranking may take to catch up after a crash, in ms, on a busy machine. */
const catchUpMs = 20_000;

const boards = [
  { boardId: "total", aggregation: Aggregation.SUM, direction: Direction.DESCENDING },
  { boardId: "least", aggregation: Aggregation.BEST, direction: Direction.ASCENDING },
  { boardId: "last", aggregation: Aggregation.LATEST, direction: Direction.DESCENDING },
];

const rules = {
  total: { aggregation: "sum", direction: "descending" },
  least: { aggregation: "best", direction: "ascending" },
  last: { aggregation: "latest", direction: "descending" },
} as const;

/**
 * Kills the service under load, again and again, and holds what it then says
 * against all that it ever acknowledged. Looks at `tables` each time before
 * anything is sent again, where they can be read beside the service.
 */
export async function surviveCrashes(
  service: ServiceProcess,
  tables?: LedgerTables,
): Promise<ScoreLoad> {
  const load = new ScoreLoad(`game-${randomUUID()}`);
  const token = await service.token("server");
  await service.start();
  await putGame(service, load.gameId);
  for (const more of kills) {
    const client = new ScoreClient(service.grpcAddress, token);
    await load.runUntilCrash(client, more, () => service.kill());
    client.close();
    assert.ok(load.doubtful.length > 0, "it was killed under load");
    if (tables) await checkAcknowledged(tables, load);
    await service.start();
    const next = new ScoreClient(service.grpcAddress, token);
    if (tables) await checkRanking(next, load.gameId, await tables.events(load.gameId));
    await checkRetries(next, load);
    await checkRanking(next, load.gameId, eventsOf(load));
    next.close();
  }
  return load;
}

async function putGame(service: ServiceProcess, gameId: string): Promise<void> {
  const admin = new ScoreClient(service.grpcAddress, await service.token("admin"));
  await admin.callPatiently(AdminService.method.putGame, { game: { gameId, boards } });
  admin.close();
}

/** What was acknowledged is known, and what was not is taken now. */
async function checkRetries(client: ScoreClient, load: ScoreLoad): Promise<void> {
  const known = [...load.acknowledged.keys()].slice(-500);
  for (const [n, { duplicate, seq }] of (await load.retry(client, known)).entries()) {
    assert.deepEqual([duplicate, Number(seq)], [true, load.acknowledged.get(known[n] ?? "")]);
  }
  await load.retryDoubtful(client);
}

/** That the boards, read page by page, are those of `events`. */
async function checkRanking(
  client: ScoreClient,
  gameId: string,
  events: readonly LedgerRow[],
): Promise<void> {
  for (const [boardId, board] of Object.entries(rules)) {
    const expected = new BoardModel(board, events).ranked();
    const entries = await wholeBoard(client, gameId, boardId);
    assert.deepEqual(
      entries.map(({ playerId, score, rank }) => [Number(rank), playerId, Number(score)]),
      expected.map(({ playerId, score }, n) => [n + 1, playerId, score]),
      boardId,
    );
  }
}

/** That the ledger holds exactly the events that were sent, each once, and their standings. */
export async function checkLedger(tables: LedgerTables, load: ScoreLoad): Promise<void> {
  assert.equal(load.doubtful.length, 0);
  const expected = eventsOf(load);
  assert.deepEqual(await tables.events(load.gameId), expected);
  const standings = await tables.standings(load.gameId);
  for (const [boardId, board] of Object.entries(rules)) {
    assert.deepEqual(
      standings.filter((row) => row.boardId === boardId).sort(byPlayer),
      new BoardModel(board, expected)
        .ranked()
        .map(({ playerId, score, seq }) => ({ boardId, playerId, score, seq }))
        .sort(byPlayer),
    );
  }
}

/** That the ledger holds every acknowledged event once, and nothing that was not sent. */
async function checkAcknowledged(tables: LedgerTables, load: ScoreLoad): Promise<void> {
  const rows = await tables.events(load.gameId);
  const seqs = new Map(rows.map(({ actionId, seq }) => [actionId, seq]));
  assert.equal(seqs.size, rows.length);
  for (const [actionId, seq] of load.acknowledged) assert.equal(seqs.get(actionId), seq);
  for (const { actionId, playerId, points } of rows) {
    assert.deepEqual(load.sent.get(actionId), { actionId, playerId, points });
  }
}

/** All events in the ledger's order, by what was acknowledged. */
function eventsOf(load: ScoreLoad): LedgerRow[] {
  return [...load.sent.values()]
    .map((event) => ({ ...event, seq: load.acknowledged.get(event.actionId) ?? Number.NaN }))
    .sort((a, b) => a.seq - b.seq);
}

async function wholeBoard(client: ScoreClient, gameId: string, boardId: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let pageToken = ""; ; ) {
    const page = await pageOfRanking(client, { gameId, boardId, limit: 100, pageToken });
    entries.push(...page.entries);
    if (page.nextPageToken === "") return entries;
    pageToken = page.nextPageToken;
  }
}

/** While the ranking catches up, a page comes from the ledger and says so by its version: asks again. */
async function pageOfRanking(
  client: ScoreClient,
  request: MessageInitShape<typeof GetLeaderboardRequestSchema>,
): Promise<GetLeaderboardResponse> {
  const giveUpAt = performance.now() + catchUpMs;
  for (;;) {
    const page = await client.callPatiently(ScoreService.method.getLeaderboard, request);
    if (page.version > 0n) return page;
    assert.ok(performance.now() < giveUpAt, "the ranking caught up");
    await pause(20);
  }
}

function byPlayer(a: StandingRow, b: StandingRow): number {
  return a.playerId < b.playerId ? -1 : 1;
}
