import type { ServerHttp2Session } from "node:http2";

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
