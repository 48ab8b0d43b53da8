import { rm } from "node:fs/promises";
import { newFolder, ServiceProcess } from "../app/service-process.ts";
import { newGame } from "../lanes/games.ts";
import { GrpcClient } from "../lanes/grpc-client.ts";
import { testSecretText, tokenFor } from "../lanes/test-service.ts";
import type { Playground } from "./bystander.ts";

/** The service in a process of its own, as `npm start` runs it, and a game in it. */
export interface FloodScene extends Playground {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** What the service says of itself. */
  usage(): Promise<Usage>;
  close(): Promise<void>;
}

export interface Usage {
  /** CPU seconds since its start. */
  readonly cpuSeconds: number;
  readonly residentMebibytes: number;
  readonly watches: number;
  /** Calls that have ended, in whatever way. */
  readonly calls: number;
}

/** `settings` beside the defaults, which are what the floods are to meet. */
export async function openFloodScene(
  settings: Readonly<Record<string, string>> = {},
): Promise<FloodScene> {
  const folder = await newFolder();
  const service = await ServiceProcess.start({
    SCORE_DATA_DIR: folder.path,
    SCORE_JWT_SECRET: testSecretText,
    SCORE_LOG_LEVEL: "error",
    ...settings,
  }).catch(async (error) => {
    await folder.remove();
    throw error;
  });
  const { grpcPort, httpPort } = service.ports;
  const client = new GrpcClient(grpcPort);
  const caller = {
    client,
    server: { token: await tokenFor("server", "game-server") },
    admin: { token: await tokenFor("admin", "operator") },
  };
  return {
    grpcPort,
    httpPort,
    gameId: await newGame(caller, { actions: [{ action: "win", points: 1n }] }),
    caller,
    usage: () => usageOf(httpPort),
    close: async () => {
      client.close();
      await service.close();
      await rm(folder.path, { recursive: true, force: true });
    },
  };
}

async function usageOf(port: number): Promise<Usage> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  return {
    cpuSeconds: read("process_cpu_seconds_total"),
    residentMebibytes: read("process_resident_memory_bytes") / 2 ** 20,
    watches: read("score_watches"),
    calls: text
      .matchAll(/^score_call_seconds_count\{.*\} (\d+)$/gm)
      .reduce((sum, [, count]) => sum + Number(count), 0),
  };
}
