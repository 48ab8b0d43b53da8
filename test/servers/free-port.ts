import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Above those of the web lane and of Envoy; the gRPC lane's is above all of these. */
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
    const listening = once(server, "listening");
    server.listen(port, "127.0.0.1");
    try {
      await listening;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") continue;
      throw error;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
