import { parseArgs } from "node:util";
import { openEmbeddedDatabase } from "../ledger/embedded-database.ts";
import { attachEra, detachEra, type Era, listEras } from "../ledger/eras.ts";
import { openPostgresDatabase } from "../ledger/postgres-database.ts";
import { aligned } from "./aligned.ts";
import { WrongSettings } from "./environment.ts";
import { reasonOf } from "./reason.ts";
import { readSettings } from "./settings.ts";

const usage = `usage: npm run eras [-- --detach ERA | --attach ERA]

Lists the eras of the ledger's events. --detach takes an old one out, so that its
table score_event_ERA can be dumped to a file and dropped; --attach puts it back.
Takes the service's settings; an embedded ledger must not be in use.`;

const limits = { readConnections: 1, connectMs: 3_000, statementMs: 3_600_000 };

/** Resolves with the exit code. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      detach: { type: "string" },
      attach: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const { detach, attach } = values;
  const chosen = detach ?? attach;
  if ((detach && attach) || (chosen !== undefined && !/^\d{1,9}$/.test(chosen))) {
    throw new WrongSettings(usage);
  }
  const { DATABASE_URL, SCORE_DATA_DIR } = readSettings(process.env);
  const { db, close } = DATABASE_URL
    ? openPostgresDatabase({ url: DATABASE_URL, limits, instanceId: "eras", onError: () => {} })
    : await openEmbeddedDatabase(SCORE_DATA_DIR);
  try {
    if (chosen !== undefined) {
      const isDone = await (detach ? detachEra : attachEra)(db, Number(chosen));
      const list = await listEras(db);
      process.stdout.write(tableOf(list));
      if (isDone) return 0;
      process.stderr.write(`eras: ${whyNot(list, Number(chosen), detach ? "old" : "detached")}\n`);
      return 1;
    }
    process.stdout.write(tableOf(await listEras(db)));
    return 0;
  } finally {
    await close();
  }
}

function whyNot(list: readonly Era[], era: number, needed: Era["state"]): string {
  const found = list.find((one) => one.era === era);
  if (found === undefined) return `there is no era ${era}`;
  if (found.state !== needed) return `era ${era} is ${found.state}, not ${needed}`;
  if (needed === "detached" && found.bytes === 0) return `there is no table score_event_${era}`;
  return "somebody else was at work on the events; try again";
}

function tableOf(list: readonly Era[]): string {
  const date = (at: number | undefined) =>
    at === undefined ? "now" : new Date(at).toISOString().slice(0, 16).replace("T", " ");
  const rows = [
    ["era", "from", "to", "size", "state"],
    ...list.map(({ era, beganAt, endedAt, bytes, state }) => [
      String(era),
      date(beganAt),
      date(endedAt),
      bytes === 0 ? "-" : `${(bytes / 2 ** 20).toFixed(1)} MiB`,
      state,
    ]),
  ];
  return `${aligned(rows).join("\n")}\n`;
}

try {
  process.exitCode = await main();
} catch (error) {
  // What Node says of wrong options is a TypeError with a code; without one it is a mistake of ours.
  const isBug = error instanceof TypeError && !("code" in error);
  if (isBug || !(error instanceof Error)) throw error;
  process.stderr.write(`eras: ${reasonOf(error)}\n`);
  process.exitCode = 2;
}
