import { tokenExpired } from "../access/identity.ts";
import type { Clock } from "../model/clock.ts";
import { isScoreError } from "../model/score-error.ts";
import type { Call } from "./rooms.ts";

/**
 * How long what a token opened goes on before the token is looked at again, in ms.
 * Together with the age that public keys may have it is the time, 60 s, after
 * which a withdrawn key keeps nothing open. Clocks are set, and machines sleep.
 */
const lookEveryMs = 30_000;

/** Calls back once, with why, when the caller's token has ended or is refused; returns how to stop. */
export function whenTokenEnds(
  { identity, verifyAgain }: Call,
  now: Clock,
  callBack: (error: unknown) => void,
): () => void {
  if (identity === undefined) return () => {};
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const end = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    callBack(error);
  };
  const look = async () => {
    if (now() >= identity.expiresAt) return end(tokenExpired());
    try {
      await verifyAgain();
    } catch (error) {
      // While keys can't be fetched those that were known go on.
      if (isScoreError(error, "unauthenticated")) return end(error);
    }
    wait();
  };
  const wait = () => {
    if (isOver) return;
    timer = setTimeout(look, Math.max(0, Math.min(identity.expiresAt - now(), lookEveryMs)));
  };
  wait();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
