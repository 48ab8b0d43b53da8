import { audience, limit, tickMs, watchCount } from "./audience.ts";
import { BareServer } from "./bare-server.ts";
import { type Figure, figure } from "./figure.ts";
import { LoadProcess } from "./load-process.ts";
import type { UpdateOptions, UpdateResult } from "./load-update.ts";
import type { WatchOptions, WatchResult } from "./load-watch.ts";
import type { ZaddOptions, ZaddResult } from "./load-zadd.ts";
import { type MeasureContext, players, times } from "./measure.ts";
import type { Bare } from "./serve-bare.ts";
import { messagesOf, watchNotes } from "./take-watches.ts";
import { take } from "./taken.ts";

const calls = { way: "grpc", token: undefined, connections: 4, inFlight: 128 } as const;

const zaddBatch = 128;

/** What the parts take that no service can do without: bare servers, and Redis with bare commands. */
export async function measureLimits(context: MeasureContext): Promise<readonly Figure[]> {
  await context.stage.clear();
  return [
    ...(await measureBare(context, "node:http2")),
    ...(await measureBare(context, "grpc-js")),
    await measureZadd(context),
  ];
}

/** Loaded as the service is, answering what costs nothing to make. */
async function measureBare(context: MeasureContext, bare: Bare): Promise<readonly Figure[]> {
  const { profileFolder, signal, progress } = context;
  await using server = await BareServer.start({ bare, tickMs, limit }, profileFolder, signal);
  const { port, pid: service } = server;
  const name = `bare ${bare}`;
  const unary = `${name}: unary calls, ${calls.inFlight} in flight`;
  progress(unary);
  await using updates = await LoadProcess.start<UpdateOptions, UpdateResult>(
    "load-update.ts",
    { ...calls, port, players, gameId: "bench", run: "b" },
    signal,
  );
  const called = await take([updates], { service }, { ...times, signal });
  const [{ calls: count, ...rest }] = called.results as [UpdateResult];
  const streams = `${name}: messages to ${watchCount} streams`;
  progress(streams);
  await using watch = await LoadProcess.start<WatchOptions, WatchResult>(
    "load-watch.ts",
    { way: "grpc", port, gameId: "bench", limit, ...audience },
    signal,
  );
  const sent = await take([watch], { service }, { ...times, signal });
  const [watched] = sent.results as [WatchResult];
  const key = `limit-${bare.replace(":", "-")}`;
  return [
    figure({ key: `${key}-unary`, what: unary, unit: "calls", count, ...rest }, called),
    figure(
      { key: `${key}-watch`, what: streams, ...messagesOf(watched), notes: watchNotes(watched) },
      sent,
    ),
  ];
}

async function measureZadd({ stage, signal, progress }: MeasureContext): Promise<Figure> {
  const what = `bare ZADD, pipelines of ${zaddBatch}`;
  progress(what);
  await using load = await LoadProcess.start<ZaddOptions, ZaddResult>(
    "load-zadd.ts",
    { redisUrl: stage.redisUrl, players, batch: zaddBatch },
    signal,
  );
  const { redis } = await stage.processIds();
  const taken = await take([load], { redis }, { ...times, signal });
  const [{ commands: count, ...rest }] = taken.results as [ZaddResult];
  return figure({ key: "limit-zadd", what, unit: "commands", count, ...rest }, taken);
}
