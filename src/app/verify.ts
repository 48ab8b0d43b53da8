import { parseArgs } from "node:util";
import {
  AdminService,
  BoardState,
  type RankingDifference,
  type RebuildRankingResponse,
  type VerifyRankingResponse,
} from "../../gen/score/v1/admin_pb.js";
import { AdminClient, CallFailed } from "./admin-client.ts";
import { WrongSettings } from "./environment.ts";
import { ownToken } from "./own-token.ts";
import { type BoardResult, ProgressLine, reportOf } from "./verify-report.ts";

const usage = `usage: npm run verify -- --game ID [--board ID] | --all
                       [--rebuild]  builds anew what differs, then compares it again
                       [--address 127.0.0.1:50051] [--tls] [--ca FILE]

Compares rankings with the ledger of a running service, with the token in
ADMIN_TOKEN, else one that it makes as npm run token does. Ends with 0 when they
are equal, with 1 when they differ, with 2 when that could not be told.`;

/** Which boards, as both calls take it. */
interface Boards {
  readonly gameId: string;
  readonly boardId: string;
}

const { verifyRanking, rebuildRanking } = AdminService.method;

/** Compares, and rebuilds if asked to; resolves with the exit code. */
async function main(): Promise<number> {
  const { help, rebuild, boards, ...options } = await readArguments();
  if (help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const client = new AdminClient(options);
  try {
    let results = await compare(client, boards);
    const wrong = results.filter(({ differenceCount }) => differenceCount > 0n);
    if (rebuild && wrong.length > 0) {
      for (const board of wrong) await build(client, board);
      const rest = results.filter((result) => !wrong.includes(result));
      for (const { gameId, boardId } of wrong) {
        rest.push(...(await compare(client, { gameId, boardId })));
      }
      results = rest;
    } else if (wrong.length > 0) {
      process.stdout.write("to build anew what differs, add --rebuild\n");
    }
    if (results.some(({ differenceCount }) => differenceCount > 0n)) return 1;
    return results.some(({ state }) => state === BoardState.FILLING) ? 2 : 0;
  } finally {
    client.close();
  }
}

/** Prints how each board came out. */
async function compare(client: AdminClient, boards: Boards): Promise<BoardResult[]> {
  const results: BoardResult[] = [];
  const line = new ProgressLine();
  let named: RankingDifference[] = [];
  try {
    for await (const message of client.stream(verifyRanking, boards)) {
      named.push(...message.differences);
      line.show(`${progressOf(message, message.playersChecked)} compared${differing(message)}`);
      if (!message.done) continue;
      const result = { ...message, differences: named };
      named = [];
      results.push(result);
      line.clear();
      process.stdout.write(reportOf(result));
    }
  } finally {
    line.clear();
  }
  return results;
}

async function build(client: AdminClient, { gameId, boardId }: Boards): Promise<void> {
  const line = new ProgressLine();
  try {
    for await (const message of client.stream(rebuildRanking, { gameId, boardId })) {
      line.show(`${progressOf(message, message.playersBuilt)} built`);
      if (!message.done) continue;
      line.clear();
      const seconds = Number(message.took?.seconds ?? 0n) + (message.took?.nanos ?? 0) / 1e9;
      const built = `${message.playersBuilt} players built anew in ${seconds.toFixed(1)} s`;
      process.stdout.write(`${gameId}/${boardId}: ${built}\n`);
    }
  } finally {
    line.clear();
  }
}

function progressOf(
  { gameId, boardId, totalPlayers }: VerifyRankingResponse | RebuildRankingResponse,
  players: bigint,
): string {
  return `${gameId}/${boardId}: ${players} of ${totalPlayers} players`;
}

function differing({ differenceCount }: VerifyRankingResponse): string {
  return differenceCount === 0n ? "" : `, ${differenceCount} differ`;
}

async function readArguments() {
  const { values } = parseArgs({
    options: {
      game: { type: "string", default: "" },
      board: { type: "string", default: "" },
      all: { type: "boolean", default: false },
      rebuild: { type: "boolean", default: false },
      address: { type: "string", default: "127.0.0.1:50051" },
      tls: { type: "boolean", default: false },
      ca: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const { game, board, all, rebuild, address, ca, help } = values;
  const isClear = all ? game === "" && board === "" : game !== "";
  if (!isClear && !help) throw new WrongSettings(usage);
  const own = () =>
    ownToken({ role: "admin", subject: "verify", game: game || "*", expiresIn: "1d" });
  const token = help ? "" : process.env.ADMIN_TOKEN || (await own());
  const tls = values.tls || ca !== undefined;
  return { help, rebuild, boards: { gameId: game, boardId: board }, address, tls, ca, token };
}

try {
  process.exitCode = await main();
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  const isMeant = error instanceof CallFailed || error instanceof WrongSettings;
  if (!isMeant && !code) throw error;
  process.stderr.write(`verify: ${message}\n`);
  process.exitCode = 2;
}
