import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** Above those of the web lane and of Envoy; the gRPC lane's is above all of these. */
export const lowestPort = 11_000;

/** From the next one on the system takes ports for outgoing connections, at any moment. */
const highestOfServers = 32_767;

/** A datagram socket for each port that was given, which keeps it from everybody else who asks here. */
const reservations: Socket[] = [];

/**
 * Resolves with a port on 127.0.0.1, up to `highest`, that nobody listened on a
 * moment ago. As long as this process lives no other call gives it again, in
 * whatever process: who is down for a moment finds no stranger in its place,
 * whom its clients would take for it. Others may still take it first: whoever
 * binds it must be ready to ask for the next one.
 */
export async function freePort(highest = highestOfServers): Promise<number> {
  for (;;) {
    const port = randomInt(lowestPort, highest + 1);
    const reservation = await reserve(port);
    if (reservation === undefined) continue;
    if (await isFree(port)) {
      reservations.push(reservation);
      return port;
    }
    reservation.close();
  }
}

/** Undefined when another has it. */
async function reserve(port: number): Promise<Socket | undefined> {
  const socket = createSocket("udp4").unref();
  const listening = once(socket, "listening");
  socket.bind({ port, address: "127.0.0.1", exclusive: true });
  if (await isBound(listening)) return socket;
  socket.close();
  return undefined;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, "listening");
  server.listen(port, "127.0.0.1");
  if (!(await isBound(listening))) return false;
  server.close();
  await once(server, "close");
  return true;
}

/** False when the address is in use. */
async function isBound(listening: Promise<unknown>): Promise<boolean> {
  try {
    await listening;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
}
