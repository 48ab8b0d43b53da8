import assert from "node:assert/strict";
import { it } from "node:test";
import { AdminService, Direction } from "../../gen/score/v1/admin_pb.js";
import { ScoreService, type WatchLeaderboardResponse } from "../../gen/score/v1/score_pb.js";
import { newGame, submit, submitAll } from "./games.ts";
import { describeLanes, newId } from "./lane-suite.ts";
import { assertRefused, invalid, unknown } from "./refusal.ts";

interface Request {
  readonly gameId: string;
  readonly boardId?: string;
  readonly limit?: number;
  readonly knownEpoch?: bigint;
  readonly knownVersion?: bigint;
}

describeLanes("WatchLeaderboard", (lane) => {
  const watch = (request: Request) =>
    lane.client.watch(ScoreService.method.watchLeaderboard, request);

  it("shows the whole state at once", async () => {
    const gameId = await newGame(lane);
    await submitAll(lane, gameId, [
      ["ada", 3],
      ["bo", 5],
    ]);
    const frames = watch({ gameId });
    const frame = await next(frames);
    const page = await lane.client.call(ScoreService.method.getLeaderboard, { gameId });
    assert.equal(frame.heartbeat, false);
    assert.deepEqual(players(frame), ["bo", "ada"]);
    assert.deepEqual(frame.entries, page.entries);
    assert.deepEqual(
      [frame.epoch, frame.version, frame.totalPlayers, frame.changedAt],
      [page.epoch, page.version, page.totalPlayers, page.changedAt],
    );
    await frames.return(undefined);
  });

  it("counts the changes of all players, shown or not", async () => {
    const gameId = await newGame(lane);
    await submitAll(lane, gameId, [
      ["ada", 3],
      ["bo", 2],
    ]);
    const frames = watch({ gameId, limit: 1 });
    const { changes } = await next(frames);
    assert.ok(changes >= 2n);
    await submitAll(lane, gameId, [
      ["bo", 1],
      ["bo", -1],
      ["ada", 1],
    ]);
    const later = await next(frames);
    assert.deepEqual([later.changes - changes, players(later)], [3n, ["ada"]]);
    await frames.return(undefined);
  });

  it("shows each change, and an empty board too", async () => {
    const gameId = await newGame(lane);
    const frames = watch({ gameId, limit: 2 });
    let frame = await next(frames);
    assert.deepEqual([frame.entries, frame.totalPlayers], [[], 0n]);
    for (const [playerId, points, top] of [
      ["ada", 5, ["ada"]],
      ["bo", 3, ["ada", "bo"]],
      ["bo", 4, ["bo", "ada"]],
      ["cy", 1, ["bo", "ada"]],
    ] as const) {
      await submit(lane, { gameId, playerId, what: { case: "points", value: BigInt(points) } });
      const later = await next(frames);
      assert.deepEqual(players(later), top);
      assert.ok(later.epoch > frame.epoch || later.version > frame.version);
      frame = later;
    }
    assert.equal(frame.totalPlayers, 3n);
    await frames.return(undefined);
  });

  it("shows a new name, and comes to the newest state after a storm", async () => {
    const gameId = await newGame(lane);
    await submit(lane, { gameId });
    const frames = watch({ gameId });
    await next(frames);
    await submit(lane, { gameId, displayName: "Ada", what: { case: "points", value: 0n } });
    assert.equal((await next(frames)).entries[0]?.displayName, "Ada");
    await Promise.all(Array.from({ length: 200 }, () => submit(lane, { gameId })));
    let count = 0;
    for await (const { entries } of frames) {
      count += 1;
      if (entries[0]?.score === 201n) break;
    }
    assert.ok(count <= 200);
  });

  it("shows as many players as it may, in each frame", async () => {
    const gameId = await newGame(lane);
    const ids = Array.from({ length: 100 }, (_, index) => `${index}-`.padEnd(128, "x"));
    await submitAll(
      lane,
      gameId,
      ids.map((id, index) => [id, 1_000 - index]),
    );
    const frames = watch({ gameId, limit: 100 });
    assert.deepEqual(players(await next(frames)), ids);
    await submit(lane, { gameId, playerId: ids[99], what: { case: "points", value: 1_000n } });
    assert.deepEqual(players(await next(frames)), [ids[99], ...ids.slice(0, 99)]);
    await frames.return(undefined);
  });

  it("answers with a heartbeat when the client shows what is current", async () => {
    const gameId = await newGame(lane);
    await submit(lane, { gameId });
    const first = watch({ gameId });
    const { epoch, version } = await next(first);
    await first.return(undefined);
    const known = { gameId, knownEpoch: epoch, knownVersion: version };

    const again = watch(known);
    const heartbeat = await next(again);
    assert.deepEqual(
      [heartbeat.heartbeat, heartbeat.entries, heartbeat.epoch, heartbeat.version],
      [true, [], epoch, version],
    );
    await submit(lane, { gameId });
    const change = await next(again);
    assert.deepEqual([change.heartbeat, change.entries[0]?.score], [false, 2n]);
    await again.return(undefined);

    for (const older of [known, { ...known, knownEpoch: epoch + 1n, knownVersion: version }]) {
      const frames = watch(older);
      assert.equal((await next(frames)).heartbeat, false);
      await frames.return(undefined);
    }
  });

  it("does not know games and boards that are not there", async () => {
    const gameId = await newGame(lane);
    const other = newId("game");
    await assertRefused(
      watch({ gameId: other }).next(),
      unknown("GAME", `there is no game ${other}`),
    );
    await assertRefused(
      watch({ gameId, boardId: "weekly" }).next(),
      unknown("BOARD", `game ${gameId} has no board weekly`),
    );
  });

  it("names every bad field", async () => {
    const alphabet = "must have 1 to 128 characters out of letters, digits and -_.:@";
    await assertRefused(
      watch({ gameId: "a+b", boardId: "a b", limit: 101 }).next(),
      invalid({ game_id: alphabet, board_id: alphabet, limit: "must be 1 to 100" }),
    );
  });

  it("ends with NOT_FOUND when the game is deleted", async () => {
    const gameId = await newGame(lane);
    const frames = watch({ gameId });
    await next(frames);
    await lane.client.call(AdminService.method.deleteGame, { gameId }, lane.admin);
    // Server-sent events just end: whoever comes back, as EventSource does, learns why.
    if (lane.kind.isRest) assert.ok((await frames.next()).done);
    const again = lane.kind.isRest ? watch({ gameId }) : frames;
    await assertRefused(again.next(), unknown("GAME", `there is no game ${gameId}`));
  });

  it("ends when the board is replaced by one with other rules", async () => {
    const gameId = await newGame(lane);
    const frames = watch({ gameId });
    await next(frames);
    const boards = [{ boardId: "main", direction: Direction.ASCENDING }];
    await lane.client.call(AdminService.method.putGame, { game: { gameId, boards } }, lane.admin);
    if (lane.kind.isRest) return assert.ok((await frames.next()).done);
    // While the new board is filled it can't be read; afterwards it is another.
    await assert.rejects(frames.next(), /was replaced|is being filled/);
  });
});

async function next(
  frames: AsyncGenerator<WatchLeaderboardResponse>,
): Promise<WatchLeaderboardResponse> {
  const { value, done } = await frames.next();
  assert.ok(!done, "the watch ended");
  return value;
}

function players({ entries }: WatchLeaderboardResponse): string[] {
  return entries.map(({ playerId }) => playerId);
}
