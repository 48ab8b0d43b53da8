import { setTimeout as pause } from "node:timers/promises";
import { ScoreService } from "../../../gen/score/v1/score_pb.js";
import type { ClientKind, Ports } from "../../lanes/clients.ts";
import type { Dice } from "../dice.ts";
import type { BoardRules, ShownEntry } from "../judge/history.ts";
import type { Recorder } from "../judge/recorder.ts";
import { toShown } from "./shown.ts";
import { toRefusal } from "./submitter.ts";

const everyMs = 100;
const timeoutMs = 5_000;

export interface ReaderOptions {
  readonly kind: ClientKind;
  readonly instances: readonly Ports[];
  readonly gameId: string;
  readonly boards: readonly BoardRules[];
  readonly recorder: Recorder;
  readonly dice: Dice;
  readonly signal: AbortSignal;
}

/** Reads tops and single standings, which never depend on the ranking, until the signal is given. */
export async function read(options: ReaderOptions): Promise<void> {
  const { kind, instances, gameId, boards, dice, recorder, signal } = options;
  const { getLeaderboard, getStanding } = ScoreService.method;
  recorder.joined({ role: "reader", name: kind.name });
  while (!signal.aborted) {
    const client = kind.open(dice.pick(instances));
    const { boardId } = dice.pick(boards);
    const playerId = `player-${dice.int(1, 20)}`;
    const isTop = dice.oneIn(2);
    const sentAt = performance.now();
    const entries: ShownEntry[] = [];
    const look = async () => {
      if (isTop) {
        const page = await client.call(getLeaderboard, { gameId, boardId }, { timeoutMs });
        entries.push(...page.entries.map(toShown));
      } else {
        const request = { gameId, boardId, playerId };
        const { entry } = await client.call(getStanding, request, { timeoutMs });
        if (entry === undefined) throw new Error("a standing has no entry");
        entries.push(toShown(entry));
      }
    };
    const refusal = await look().then(() => undefined, toRefusal);
    const what = isTop ? `the top of ${boardId}` : `the standing of ${playerId} on ${boardId}`;
    const answeredAt = performance.now();
    const asked = { what, boardId, playerId: isTop ? undefined : playerId, isStreamed: false };
    recorder.read({ ...asked, entries, sentAt, answeredAt, refusal });
    client.close();
    await pause(everyMs, undefined, { signal }).catch(() => {});
  }
}
