import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/**
 * Resolves with a port on 127.0.0.1, up to `highest`, that nobody listened on
 * a moment ago. Another process may take it first: whoever binds it must be
 * ready to ask for the next one.
 */
export async function freePort(highest = 65_535): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    if (port <= highest) return port;
  }
}
