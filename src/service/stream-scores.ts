import { tokenExpired } from "../access/identity.ts";
import { ScoreError } from "../model/score-error.ts";
import type { Call, Rooms } from "./rooms.ts";
import { whenTokenEnds } from "./token-end.ts";
import type { Submission } from "./update-score.ts";
import { type EventResult, resultOf } from "./update-scores.ts";

/**
 * Events of one stream between their arrival and the sending of their
 * acknowledgement. Above it nothing more is read, so that flow control holds the
 * sender back.
 */
const maxOwed = 2_048;

/**
 * Acknowledges each event of an open pipe, in the order in which they are done.
 * When the instance shuts down it takes no more events, answers those it took,
 * and throws `shutting_down`; when the token has ended or its key was withdrawn,
 * `unauthenticated`.
 */
export async function* streamScores(
  rooms: Rooms,
  call: Call,
  events: AsyncIterable<Submission>,
): AsyncGenerator<EventResult> {
  if (call.identity === undefined) throw new ScoreError("unauthenticated", "a token is needed");
  const { expiresAt } = call.identity;
  const { stopping } = rooms;
  const done: EventResult[] = [];
  let owed = 0;
  let isAtEnd = false;
  let failure: { readonly error: unknown } | undefined;
  let wakeReader = () => {};
  let wakeWriter = () => {};
  const wake = () => {
    wakeReader();
    wakeWriter();
  };
  const isCut = () => call.signal.aborted || stopping.aborted || failure !== undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
    isAtEnd = true;
    wake();
  };

  const patient: Call = { ...call, isPatient: true };
  const take = async (event: Submission) => {
    done.push(await resultOf(rooms, patient, event));
    wakeWriter();
  };
  // Not a `for await`: leaving that would close the pipe for the answers too.
  const read = async () => {
    const iterator = events[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await iterator.next();
        if (isCut()) return;
        if (next.done) break;
        if (rooms.now() >= expiresAt) throw tokenExpired();
        owed += 1;
        void take(next.value);
        while (owed >= maxOwed && !isCut()) {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
      }
      isAtEnd = true;
      wakeWriter();
    } catch (error) {
      fail(error);
    }
  };

  const stopWaiting = whenTokenEnds(call, rooms.now, fail);
  call.signal.addEventListener("abort", wake);
  stopping.addEventListener("abort", wake);
  try {
    void read();
    while (!call.signal.aborted) {
      for (const result of done.splice(0)) {
        yield result;
        owed -= 1;
        wakeReader();
      }
      if (done.length > 0) continue;
      if ((isAtEnd || stopping.aborted) && owed === 0) break;
      await new Promise<void>((resolve) => {
        wakeWriter = resolve;
      });
    }
  } finally {
    stopWaiting();
    call.signal.removeEventListener("abort", wake);
    stopping.removeEventListener("abort", wake);
  }
  if (failure) throw failure.error;
  if (!isAtEnd && stopping.aborted) throw shuttingDown();
}

function shuttingDown(): ScoreError {
  return new ScoreError("shutting_down", "this instance is shutting down; connect again", {
    retryAfterMs: 100,
  });
}
