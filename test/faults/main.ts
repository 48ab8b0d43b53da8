import { join } from "node:path";
import { inspect, parseArgs } from "node:util";
import { Dice } from "./dice.ts";
import { Evidence, resultsFolder } from "./evidence.ts";
import { Progress } from "./progress.ts";
import { type Scenario, scenarios } from "./scenario.ts";
import type { Verdict } from "./trial.ts";

const usage = `npm run test:faults [-- options]

Breaks what the service stands on, under load, and judges by what clients saw and the ledger's
tables whether every promise held. Exit code 0: all did; 1: one did not.

  --seed N      repeats the choices of a run (default: a random one, printed)
  --only A,B    some scenarios: ${scenarios.map(({ name }) => name).join(", ")}
  --minutes N   goes on with further seeds for so long
`;

/** At a time: what they wait for mostly is time itself. */
const together = 4;
/** Violations of a scenario that are printed. */
const mostShown = 20;

interface Run {
  readonly seed: number;
  readonly chosen: readonly Scenario[];
  readonly progress: Progress;
}

/** Resolves with whether all promises held in all scenarios. */
async function run({ seed, chosen, progress }: Run): Promise<boolean> {
  const began = performance.now();
  process.stdout.write(`seed ${seed}\n`);
  const waiting = [...chosen];
  let isWell = true;
  let acknowledged = 0;
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { name } = next;
      // A scenario's choices are the same whether others run or not.
      const dice = new Dice(seed + scenarios.indexOf(next));
      try {
        const verdict = await next.run({
          dice,
          onProgress: (fault) => progress.doing(name, fault),
          evidence: new Evidence(join(resultsFolder, `${seed}-${name}`)),
        });
        isWell &&= verdict.violations.length === 0;
        acknowledged += verdict.acknowledged;
        progress.done(name, report(name, verdict));
      } catch (error) {
        // The others go on, and close what they started.
        isWell = false;
        progress.done(name, `BROKEN ${name} could not be run: ${inspect(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: together }, work));
  const seconds = Math.round((performance.now() - began) / 1_000);
  const verdict = isWell ? "every promise held" : "BROKEN";
  process.stdout.write(`seed ${seed}: ${verdict}, ${acknowledged} answers, ${seconds} s\n`);
  return isWell;
}

function report(name: string, { violations, healings, ...counts }: Verdict): string {
  const faults = healings.slice(1, -1);
  const slowest = faults.toSorted((a, b) => b.ms - a.ms)[0];
  const healed =
    slowest && `well again within ${(slowest.ms / 1_000).toFixed(1)} s (${slowest.fault})`;
  const line = [
    `${violations.length === 0 ? "held  " : "BROKEN"} ${name.padEnd(9)}`,
    `${faults.length} faults`,
    `${counts.acknowledged} acknowledged`,
    `${counts.refused} refused`,
    `${counts.states} states seen`,
    healed,
  ].join("  ");
  const shown = violations.slice(0, mostShown).map(({ promise, what }) => `  ${promise}: ${what}`);
  const more = violations.length > mostShown ? [`  and ${violations.length - mostShown} more`] : [];
  return [line, ...shown, ...more].join("\n");
}

function chosenBy(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return scenarios;
  return only.split(",").map((name) => {
    const found = scenarios.find((scenario) => scenario.name === name);
    if (found === undefined) throw new TypeError(`there is no scenario ${name}`);
    return found;
  });
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      only: { type: "string" },
      minutes: { type: "string", default: "0" },
      help: { type: "boolean", default: false },
    },
  });
  const [seed, minutes] = [
    Number(values.seed ?? Math.floor(Math.random() * 2 ** 31)),
    Number(values.minutes),
  ];
  if (!Number.isSafeInteger(seed) || seed < 0) throw new TypeError("--seed must be a whole number");
  if (!(minutes >= 0)) throw new TypeError("--minutes must be a number");
  return { seed, minutes, chosen: chosenBy(values.only), help: values.help };
}

async function main(): Promise<void> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
  if (options.help) return void process.stdout.write(usage);
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    process.stderr.write(
      "test:faults needs Linux and root: it mounts small disks and sets clocks\n",
    );
    process.exit(2);
  }
  const { minutes, chosen } = options;
  const end = performance.now() + minutes * 60_000;
  const progress = new Progress();
  let isWell = true;
  for (let seed = options.seed, isFirst = true; isFirst || performance.now() < end; seed += 1_000) {
    isFirst = false;
    isWell = (await run({ seed, chosen, progress })) && isWell;
  }
  progress.close();
  process.exitCode = isWell ? 0 : 1;
}

await main();
