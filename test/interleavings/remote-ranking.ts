import type { Board } from "../../src/model/game.ts";
import { isScoreError, ScoreError } from "../../src/model/score-error.ts";
import { type Ranking, RankingMissing } from "../../src/ranking/ranking.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { Lifetime } from "./lifetime.ts";
import type { RankingServer } from "./ranking-server.ts";
import type { Schedule } from "./schedule.ts";
import type { Wire } from "./wire.ts";

interface RemoteRankingOptions {
  readonly server: RankingServer;
  readonly instanceId: string;
  readonly wire: Wire;
  readonly schedule: Schedule;
  readonly faults: FaultPlan;
  readonly owner: Lifetime;
}

/** A RankingServer as one instance reaches it: over a wire, and with notices that get lost or come twice. */
export function remoteRanking(options: RemoteRankingOptions): Ranking {
  const { server, instanceId, wire, schedule, faults, owner } = options;
  const call = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    const { starts } = server;
    try {
      return await wire.call(label, () => {
        if (server.starts !== starts) throw new Error("the server started anew");
        return work();
      });
    } catch (cause) {
      if (isScoreError(cause) || cause instanceof RankingMissing) throw cause;
      throw new ScoreError("ranking_unavailable", "the ranking is unavailable", { cause });
    }
  };
  const notice = (onChange: () => void) => {
    const fault = faults.next("notice");
    if (fault === "lost" || fault === "refused") return;
    for (let copies = fault === "doubled" ? 2 : 1; copies > 0; copies -= 1) {
      void schedule.turn("notice").then(() => owner.isOver || onChange());
    }
  };
  return {
    place: (board, standings) => call("place", () => server.place(board, standings)),
    page: (board, offset, limit) => call("page", () => server.page(board, offset, limit)),
    around: (board, player, limit) => call("around", () => server.around(board, player, limit)),
    head: (board) => call("head", () => server.head(board)),
    compare: (board, expected) => call("compare", () => server.compare(board, expected)),
    scan: (board, cursor) => call("scan", () => server.scan(board, cursor)),
    setCheckpoint: (board, seq) => call("set checkpoint", () => server.setCheckpoint(board, seq)),
    async beginRebuild(board: Board, epoch: number) {
      const begin = () => server.beginRebuild(board, epoch, instanceId);
      if (!(await call("begin rebuild", begin))) return undefined;
      return {
        add: (standings) =>
          call("add to rebuild", () => server.addRebuild(board, epoch, standings)),
        finish: (checkpoint) =>
          call("finish rebuild", () => server.finishRebuild(board, epoch, checkpoint)),
      };
    },
    remove: (boardNo) => call("remove", () => server.remove(boardNo)),
    async follow(boardNo, onChange) {
      let unfollow = () => {};
      await call("follow", async () => {
        unfollow();
        unfollow = server.follow(boardNo, () => notice(onChange));
      }).catch(() => {});
      return () => unfollow();
    },
    async close() {},
  };
}
