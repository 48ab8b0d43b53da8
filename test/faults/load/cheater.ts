import { setTimeout as pause } from "node:timers/promises";
import { ScoreService } from "../../../gen/score/v1/score_pb.js";
import type { ClientKind, Ports } from "../../lanes/clients.ts";
import type { CallOptions, LaneClient } from "../../lanes/lane-client.ts";
import type { Dice } from "../dice.ts";
import type { Misuse } from "../judge/history.ts";
import type { Recorder } from "../judge/recorder.ts";
import { toRefusal } from "./submitter.ts";

const everyMs = 250;
const timeoutMs = 5_000;

export interface CheaterOptions {
  readonly kind: ClientKind;
  readonly instances: readonly Ports[];
  readonly gameId: string;
  readonly tokens: { readonly server: string; readonly player: string };
  readonly recorder: Recorder;
  readonly dice: Dice;
  readonly signal: AbortSignal;
}

interface Trick extends Pick<Misuse, "what" | "deserves"> {
  readonly token: string;
  readonly call: (client: LaneClient, options: CallOptions) => Promise<unknown>;
}

const { updateScore, getLeaderboard } = ScoreService.method;

/** Tries what must never pass, again and again, until the signal is given. */
export async function cheat(options: CheaterOptions): Promise<void> {
  const { kind, instances, dice, recorder, signal } = options;
  const tricks = tricksOf(options);
  recorder.joined({ role: "cheater", name: kind.name });
  while (!signal.aborted) {
    const client = kind.open(dice.pick(instances));
    const { what, deserves, token, call } = dice.pick(tricks);
    const sentAt = performance.now();
    const refusal = await call(client, { token, timeoutMs }).then(() => undefined, toRefusal);
    recorder.misused({ what, deserves, refusal, sentAt, answeredAt: performance.now() });
    client.close();
    await pause(everyMs, undefined, { signal }).catch(() => {});
  }
}

function tricksOf({ gameId, tokens }: CheaterOptions): readonly Trick[] {
  const points = { case: "points" as const, value: 1_000_000n };
  const action = { case: "action" as const, value: "no-such-action" };
  const event = { gameId, playerId: "eve", actionId: "a-trick", what: points };
  const [head, claims] = tokens.server.split(".");
  return [
    {
      what: "points by a forged token",
      deserves: { code: "Unauthenticated", reason: "UNAUTHENTICATED" },
      token: `${head}.${claims}.${"A".repeat(43)}`,
      call: (client, options) => client.call(updateScore, event, options),
    },
    {
      what: "points by a player",
      deserves: { code: "PermissionDenied", reason: "PERMISSION_DENIED" },
      token: tokens.player,
      call: (client, options) => client.call(updateScore, event, options),
    },
    {
      what: "an action for another player",
      deserves: { code: "PermissionDenied", reason: "PERMISSION_DENIED" },
      token: tokens.player,
      call: (client, options) =>
        client.call(updateScore, { ...event, playerId: "player-1", what: action }, options),
    },
    {
      what: "an action that the game does not have",
      deserves: { code: "NotFound", reason: "UNKNOWN_ACTION" },
      token: tokens.server,
      call: (client, options) => client.call(updateScore, { ...event, what: action }, options),
    },
    {
      what: "points without a player",
      deserves: { code: "InvalidArgument", reason: "INVALID_REQUEST" },
      token: tokens.server,
      call: (client, options) => client.call(updateScore, { ...event, playerId: "" }, options),
    },
    {
      what: "a look at a board that is not there",
      deserves: { code: "NotFound", reason: "UNKNOWN_BOARD" },
      token: tokens.server,
      call: (client, options) =>
        client.call(getLeaderboard, { gameId, boardId: "no-such-board" }, options),
    },
  ];
}
