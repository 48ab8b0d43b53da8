import { setTimeout as pause } from "node:timers/promises";
import { ScoreService, type WatchLeaderboardResponse } from "../../../gen/score/v1/score_pb.js";
import type { ClientKind, Ports } from "../../lanes/clients.ts";
import type { Dice } from "../dice.ts";
import type { Refusal } from "../judge/history.ts";
import type { Recorder } from "../judge/recorder.ts";
import { toShown } from "./shown.ts";
import { toRefusal } from "./submitter.ts";

/** A line that brings neither frame nor heartbeat (every 15 s) for so long is dead. */
const patienceMs = 17_000;

/** A watch has no end of its own. */
const endedWithoutError: Refusal = { code: "Unavailable", reason: undefined, saysWhen: false };

export interface SpectatorOptions {
  readonly name: string;
  readonly kind: ClientKind;
  readonly instances: readonly Ports[];
  readonly gameId: string;
  readonly boardId: string;
  readonly limit: number;
  readonly recorder: Recorder;
  readonly dice: Dice;
  readonly signal: AbortSignal;
}

/** Watches a board until the signal is given; connects again, elsewhere, when its line breaks. */
export async function spectate(options: SpectatorOptions): Promise<void> {
  const { instances, dice, signal, kind, name, boardId, recorder } = options;
  recorder.joined({ role: "watcher", name, boardId });
  let last: WatchLeaderboardResponse | undefined;
  const first = dice.int(0, instances.length - 1);
  for (let stream = 1; !signal.aborted; stream += 1) {
    const client = kind.open(instances[(first + stream) % instances.length] as Ports);
    try {
      last = await watchOnce(options, client, stream, last);
    } finally {
      client.close();
    }
    await pause(dice.int(20, 200));
  }
}

/** Resolves with the last state when the line has ended, however. */
async function watchOnce(
  { gameId, boardId, limit, signal, ...options }: SpectatorOptions,
  client: ReturnType<ClientKind["open"]>,
  stream: number,
  known: WatchLeaderboardResponse | undefined,
): Promise<WatchLeaderboardResponse | undefined> {
  const silence = new AbortController();
  let last = known;
  let heardAt = performance.now();
  let ended: Refusal;
  const wait = (ms = patienceMs): NodeJS.Timeout =>
    setTimeout(() => {
      // A process that was busy itself may have what it waited for in its socket.
      setImmediate(() => {
        const leftMs = heardAt + patienceMs - performance.now();
        if (leftMs <= 0) silence.abort();
        else impatience = wait(leftMs);
      });
    }, ms).unref();
  let impatience = wait();
  try {
    const request = {
      ...{ gameId, boardId, limit },
      knownEpoch: known?.epoch ?? 0n,
      knownVersion: known?.version ?? 0n,
    };
    const over = AbortSignal.any([signal, silence.signal]);
    const { watchLeaderboard } = ScoreService.method;
    for await (const frame of client.watch(watchLeaderboard, request, { signal: over })) {
      clearTimeout(impatience);
      impatience = wait();
      heardAt = performance.now();
      if (frame.heartbeat) continue;
      last = frame;
      const { epoch, version, totalPlayers, entries } = frame;
      options.recorder.saw({
        ...{ watcher: options.name, stream, boardId, limit, at: performance.now() },
        epoch: Number(epoch),
        version: Number(version),
        totalPlayers: Number(totalPlayers),
        entries: entries.map(toShown),
      });
    }
    ended = endedWithoutError;
  } catch (error) {
    ended = toRefusal(error);
  } finally {
    clearTimeout(impatience);
  }
  if (!signal.aborted) {
    options.recorder.read({
      what: `the watch ${options.name} of ${boardId}`,
      ...{ boardId, playerId: undefined, isStreamed: true, entries: [] },
      ...{ sentAt: heardAt, answeredAt: performance.now(), refusal: ended },
    });
  }
  return last;
}
