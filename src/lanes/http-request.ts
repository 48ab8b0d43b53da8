import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";

/**
 * What is left unread of a call that is refused early, because it is too large
 * for one, is discarded: it would hold up the next call on its connection.
 */
export function letRestPass(request: IncomingMessage, response: ServerResponse): void {
  request[Symbol.asyncIterator] = () => request.iterator({ destroyOnReturn: false });
  // By HTTP/2 a response is finished only when its stream is closed, which the rest would hold up.
  const answer = "stream" in response ? (response.stream as Writable) : response;
  answer.once("finish", () => {
    // Whoever still waits for more of it would keep it from flowing.
    request.removeAllListeners("readable");
    request.resume();
  });
}

/** Node takes the first of several, a proxy before it may have looked at another: together they are no token. */
export function keepAllAuthorizations({ headers, rawHeaders }: IncomingMessage): void {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === "authorization",
  );
  if (values.length > 1) headers.authorization = values.join(", ");
}
