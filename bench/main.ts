import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { charts } from "./charts.ts";
import { profileText } from "./cpu-profile.ts";
import type { Figure } from "./figure.ts";
import { packageVersion, thisMachine } from "./machine.ts";
import type { Measure } from "./measure.ts";
import { measureEmbedded } from "./measure-embedded.ts";
import { measureGrowth } from "./measure-growth.ts";
import { measureLimits } from "./measure-limits.ts";
import { measureCrowd, measureLive } from "./measure-live.ts";
import { measurePage } from "./measure-page.ts";
import { measurePipeline } from "./measure-pipeline.ts";
import { measureRanking } from "./measure-ranking.ts";
import { measureReads } from "./measure-reads.ts";
import { measureStreamScores } from "./measure-stream-scores.ts";
import { measureUpdateScore } from "./measure-update-score.ts";
import { measureEnvoyWatch, measureWatch } from "./measure-watch.ts";
import { measureWeb } from "./measure-web.ts";
import { measureWorkers } from "./measure-workers.ts";
import { Progress } from "./progress.ts";
import { type Report, reportText } from "./report.ts";
import { Stage } from "./stage.ts";
import { medianFigures } from "./summary.ts";

const measures: Readonly<Record<string, Measure>> = {
  update: measureUpdateScore,
  stream: measureStreamScores,
  pipeline: measurePipeline,
  limits: measureLimits,
  reads: measureReads,
  watch: measureWatch,
  live: measureLive,
  crowd: measureCrowd,
  web: measureWeb,
  "envoy-watch": measureEnvoyWatch,
  workers: measureWorkers,
  page: measurePage,
  ranking: measureRanking,
  embedded: measureEmbedded,
  growth: measureGrowth,
};

const usage = `usage: npm run bench -- [--only PART]... [--runs N] [--profile]

  --only     measures only this; may be given more than once. PART is one of
             ${Object.keys(measures).join(", ")}
  --runs     so many times, for medians (default 1)
  --profile  also says where the service's CPU time goes, which makes it slower
`;

/** A run takes some 10 min; one that hangs is ended. */
const runTimeoutMs = 1_200_000;

const benchFolder = fileURLToPath(new URL(".", import.meta.url));
const resultsFolder = join(benchFolder, "results");

interface Arguments {
  readonly only: readonly string[];
  readonly runs: number;
  readonly isProfiled: boolean;
}

/** Measures, prints tables and keeps them; any failure leaves nothing but a message. */
async function main(): Promise<void> {
  const options = readArguments();
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // The second one ends the bench at once: what it started ends by itself then.
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  }
  try {
    await bench(options, interrupted.signal);
  } catch (error) {
    const { message } = (interrupted.signal.aborted ? interrupted.signal.reason : error) as Error;
    process.stderr.write(`bench: ${message}\n`);
    process.exitCode = 1;
  }
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", multiple: true, default: Object.keys(measures) },
        runs: { type: "string", default: "1" },
        profile: { type: "boolean", default: false },
      },
    });
    const only = values.only.flatMap((names) => names.split(","));
    const unknown = only.find((name) => !(name in measures));
    if (unknown !== undefined) throw new Error(`there is no part ${unknown}`);
    const runs = Number(values.runs);
    if (!Number.isInteger(runs) || runs < 1)
      throw new Error("--runs must be a whole number from 1");
    return { only, runs, isProfiled: values.profile };
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

async function bench({ only, runs, isProfiled }: Arguments, signal: AbortSignal): Promise<void> {
  const date = new Date().toISOString();
  const folder = join(resultsFolder, date.replaceAll(":", "-"));
  const machine = thisMachine();
  const done: (readonly Figure[])[] = [];
  const versions: Report["versions"][] = [];
  const profiles: string[] = [];
  for (let run = 1; run <= runs; run++) {
    const progress = new Progress(only.length * runs, (run - 1) * only.length);
    progress.say("starting Postgres and Redis");
    const timeout = AbortSignal.timeout(runTimeoutMs);
    // Servers of its own for each run: none finds what another has left.
    await using stage = await Stage.open();
    versions.push({
      service: packageVersion(),
      node: process.versions.node,
      ...(await stage.versions()),
    });
    const figures: Figure[] = [];
    for (const part of only) {
      const profileFolder = isProfiled ? join(folder, `${part}-${run}`) : undefined;
      const context = {
        stage,
        profileFolder,
        signal: AbortSignal.any([signal, timeout]),
        progress: progress.part(part),
      };
      const found = (await measures[part]?.(context)) ?? [];
      figures.push(...found);
      for (const { what, cost } of profileFolder ? found : []) {
        if (profileFolder === undefined || cost?.cpu.service === undefined) continue;
        profiles.push(profileText(profileFolder, what, cost));
      }
    }
    done.push(figures);
  }
  const [first] = versions;
  if (first === undefined) throw new Error("nothing was measured");
  const report: Report = { date, machine, versions: first, isProfiled, runs: done };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  const drawn = await charts(medianFigures(done));
  for (const [name, svg] of drawn) writeFileSync(join(folder, name), svg);
  const kept = `kept in bench/${relative(benchFolder, folder)}: report.json${[...drawn.keys()].map((name) => `, ${name}`).join("")}\n`;
  process.stdout.write([reportText(report), ...profiles, kept].join("\n"));
}

await main();
