import { setTimeout as sleep } from "node:timers/promises";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import type { Call, Rooms } from "./rooms.ts";
import type { Submission } from "./update-score.ts";
import { type EventResult, resultOf } from "./update-scores.ts";

/**
 * Events of one stream between their arrival and their acknowledgement. Above
 * it nothing more is read, so that flow control holds the sender back.
 */
const maxInFlight = 2_048;

/** Acknowledges each event of an open pipe, in the order in which they are done. */
export async function* streamScores(
  rooms: Rooms,
  call: Call,
  events: AsyncIterable<Submission>,
): AsyncGenerator<EventResult> {
  if (call.identity === undefined) throw new ScoreError("unauthenticated", "a token is needed");
  const done: EventResult[] = [];
  let inFlight = 0;
  let isAtEnd = false;
  let failure: { readonly error: unknown } | undefined;
  let wakeReader = () => {};
  let wakeWriter = () => {};

  const take = async (event: Submission) => {
    const result = await patiently(rooms, call, event);
    inFlight -= 1;
    done.push(result);
    wakeWriter();
    wakeReader();
  };
  const read = async () => {
    try {
      for await (const event of events) {
        inFlight += 1;
        void take(event);
        while (inFlight + done.length >= maxInFlight && !call.signal.aborted) {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
        if (call.signal.aborted) break;
      }
    } catch (error) {
      failure = { error };
    }
    isAtEnd = true;
    wakeWriter();
  };
  call.signal.addEventListener("abort", () => {
    wakeReader();
    wakeWriter();
  });

  void read();
  while (!call.signal.aborted) {
    const results = done.splice(0);
    yield* results;
    if (results.length > 0) wakeReader();
    if (done.length > 0) continue;
    if (isAtEnd && inFlight === 0) break;
    await new Promise<void>((resolve) => {
      wakeWriter = resolve;
    });
  }
  if (failure) throw failure.error;
}

/** A full queue is no answer on a pipe: the event waits, and with it the sender. */
async function patiently(rooms: Rooms, call: Call, event: Submission): Promise<EventResult> {
  for (;;) {
    const result = await resultOf(rooms, call, event);
    const isBusy = "error" in result.outcome && isScoreError(result.outcome.error, "ledger_busy");
    if (!isBusy || call.signal.aborted) return result;
    await sleep(20);
  }
}
