import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Above those of the service and of Envoy. */
export const lowestPort = 11_000;

/** From the next one on the system takes ports for outgoing connections, at any moment. */
const highestOfServers = 32_767;

/**
 * Resolves with a port on 127.0.0.1, up to `highest`, that nobody had a moment
 * ago. Another process may take it first: whoever binds it must be ready to ask
 * for the next one.
 */
export async function freePort(highest = highestOfServers): Promise<number> {
  for (;;) {
    const port = randomInt(lowestPort, highest + 1);
    const server = createServer();
    const isFree = once(server, "listening").then(
      () => true,
      () => false,
    );
    server.listen(port, "127.0.0.1");
    if (!(await isFree)) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
