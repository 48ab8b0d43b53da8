import { Redis } from "ioredis";

/** Runs one command on a connection of its own. Rejects when the server is unreachable or silent for 5 s. */
export async function redisCommand(
  url: string,
  command: string,
  ...args: readonly string[]
): Promise<unknown> {
  const client = new Redis(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
  });
  // Failures reach the caller through the promises below.
  client.on("error", () => {});
  try {
    await client.connect();
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}
