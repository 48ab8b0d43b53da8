import type { ServerHttp2Session } from "node:http2";
import type { ConnectionLimits } from "./lane.ts";

/**
 * Closes an HTTP/2 connection that had no call under way for `idleMs`; one that
 * does not leave when it is told to, since it is amid headers, as long after that.
 */
export function closeWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  let calls = 0;
  // Not cleared while there are calls: a timer that was cleared can't be set back.
  const timer = setTimeout(() => {
    if (calls > 0) return;
    if (session.closed) return session.destroy();
    session.close();
    timer.refresh();
  }, idleMs).unref();
  session.on("stream", (stream) => {
    calls += 1;
    stream.once("close", () => {
      calls -= 1;
      if (calls === 0 && !session.closed) timer.refresh();
    });
  });
  session.once("close", () => clearTimeout(timer));
}

/** Closes an HTTP/2 connection whose other end does not answer pings, as grpc-js does with its own. */
export function closeWhenSilent(
  session: ServerHttp2Session,
  { silentMs, answerMs }: ConnectionLimits,
): void {
  const ask = () => {
    const late = setTimeout(() => session.destroy(), answerMs).unref();
    session.ping(() => clearTimeout(late));
  };
  const timer = setInterval(ask, silentMs).unref();
  session.once("close", () => clearInterval(timer));
}
