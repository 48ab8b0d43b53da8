import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { profileText } from "./cpu-profile.ts";
import type { Figure } from "./figure.ts";
import { packageVersion, thisMachine } from "./machine.ts";
import type { Measure } from "./measure.ts";
import { measurePage } from "./measure-page.ts";
import { measureStreamScores } from "./measure-stream-scores.ts";
import { measureUpdateScore } from "./measure-update-score.ts";
import { measureEnvoyWatch, measureWatch } from "./measure-watch.ts";
import { type Report, reportText } from "./report.ts";
import { Stage } from "./stage.ts";

const usage = `usage: npm run bench -- [--only update|stream|watch|envoy-watch|page]... [--profile]

  --only     measures only this; may be given more than once
  --profile  also says where the service's CPU time goes, which makes it slower
`;

const measures: Readonly<Record<string, Measure>> = {
  update: measureUpdateScore,
  stream: measureStreamScores,
  watch: measureWatch,
  "envoy-watch": measureEnvoyWatch,
  page: measurePage,
};

/** A run takes about 150 s; one that hangs is ended. */
const runTimeoutMs = 300_000;

const resultsFolder = fileURLToPath(new URL("results/", import.meta.url));

/** Measures, prints a table and keeps it; any failure leaves nothing but a message. */
async function main(): Promise<void> {
  const { only, isProfiled } = readArguments();
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // The second one ends the bench at once: what it started ends by itself then.
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  }
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new Error(`the bench took more than ${runTimeoutMs / 1_000} s`)),
    runTimeoutMs,
  );
  const signal = AbortSignal.any([interrupted.signal, timeout.signal]);
  try {
    await bench(only, isProfiled, signal);
  } catch (error) {
    const { message } = (signal.aborted ? signal.reason : error) as Error;
    process.stderr.write(`bench: ${message}\n`);
    process.exitCode = 1;
  } finally {
    clearTimeout(timer);
  }
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", multiple: true, default: Object.keys(measures) },
        profile: { type: "boolean", default: false },
      },
    });
    const only = values.only.filter((name) => name in measures);
    if (only.length < values.only.length) throw new Error(`--only takes ${Object.keys(measures)}`);
    return { only, isProfiled: values.profile };
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

async function bench(
  only: readonly string[],
  isProfiled: boolean,
  signal: AbortSignal,
): Promise<void> {
  const progress = (text: string) => process.stderr.write(`bench: ${text}\n`);
  const date = new Date().toISOString();
  const name = date.replaceAll(":", "-");
  const machine = thisMachine();
  const figures: Figure[] = [];
  const profiles: string[] = [];
  progress("starting Postgres and Redis");
  await using stage = await Stage.open();
  const { postgres, redis } = await stage.versions();
  for (const measure of only) {
    signal.throwIfAborted();
    progress(`a new game for ${measure}`);
    const profileFolder = isProfiled ? join(resultsFolder, `${name}-${measure}`) : undefined;
    const found = await measures[measure]?.({ stage, profileFolder, signal, progress });
    figures.push(...(found ?? []));
    if (profileFolder)
      for (const one of found ?? []) profiles.push(profileText(profileFolder, one));
  }
  const versions = { service: packageVersion(), node: process.versions.node, postgres, redis };
  const report: Report = { date, machine, versions, isProfiled, figures };
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(join(resultsFolder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write([reportText(report), ...profiles].join("\n"));
}

await main();
