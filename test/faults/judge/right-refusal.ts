import {
  type FaultSpan,
  type History,
  isAcknowledged,
  isOfTop,
  type Refusal,
  type Tolerance,
  type Violation,
} from "./history.ts";
import { soonMs } from "./well-again.ts";

/** What the service may say of a ledger that can't take an event now. */
const ledgerReasons = ["LEDGER_UNAVAILABLE", "LEDGER_BUSY", "DEADLINE_EXCEEDED"];
/** What else it may say when instances and networks fail. */
const networkReasons = ["SHUTTING_DOWN", "CANCELED"];
/** What client libraries say of an answer that got lost; the service's own errors have a reason. */
const lostCodes = ["Unavailable", "DeadlineExceeded", "Canceled", "Aborted", "Internal"];
/** Without a ranking a top is read from the ledger once a tick, or after twice as long as that takes. */
const ledgerTopMs = 1_000;
/** The codes of the reasons. */
const codes: Readonly<Record<string, string>> = {
  DEADLINE_EXCEEDED: "DeadlineExceeded",
  CANCELED: "Canceled",
};

/**
 * A call was refused only when something was wrong that explains it, with the
 * right code and the time to try again, and a repeat with the same action id
 * succeeded in the end; what must never pass never did.
 */
export function checkRightRefusals(history: History): Violation[] {
  const found = [...checkAttempts(history), ...checkMisuses(history), ...checkReads(history)];
  return found.map((what) => ({ promise: "right refusal", what }));
}

function* checkAttempts({ attempts, faults }: History): Generator<string> {
  const open = new Set<string>();
  for (const { event, outcome, client, isStreamed, sentAt, answeredAt } of attempts) {
    if (isAcknowledged(outcome)) {
      open.delete(event.actionId);
      continue;
    }
    open.add(event.actionId);
    const tolerated = toleratedBetween(faults, sentAt, answeredAt);
    if (isStreamed && tolerated.has("streams")) tolerated.add("network");
    const wrong = wrongRefusal(outcome, tolerated);
    if (wrong) yield `${event.actionId} of ${client} ${wrong}`;
  }
  for (const actionId of open) yield `${actionId} was refused and never accepted afterwards`;
}

function* checkMisuses({ misuses, faults }: History): Generator<string> {
  for (const { what, deserves, refusal, sentAt, answeredAt } of misuses) {
    if (refusal === undefined) yield `${what} was let through`;
    else if (refusal.code !== deserves.code || refusal.reason !== deserves.reason) {
      const wrong = wrongRefusal(refusal, toleratedBetween(faults, sentAt, answeredAt));
      if (wrong) yield `${what} ${wrong}`;
    }
  }
}

function* checkReads({ reads, attempts, faults }: History): Generator<string> {
  const first = new Map<string, number>();
  for (const { event, outcome, answeredAt } of attempts) {
    if (isAcknowledged(outcome) && !first.has(event.playerId)) {
      first.set(event.playerId, answeredAt);
    }
  }
  const firstOfAll = Math.min(...first.values());
  for (const read of reads) {
    const { what, playerId, isStreamed, entries, refusal, sentAt, answeredAt } = read;
    if (refusal === undefined) {
      if (isOfTop(read) && entries.length === 0 && firstOfAll + ledgerTopMs < sentAt)
        yield `${what} was shown empty`;
      continue;
    }
    if (playerId !== undefined && refusal.reason === "UNKNOWN_PLAYER") {
      // Until all is well a ranking may lack who is new.
      const knownFor = sentAt - (first.get(playerId) ?? Number.POSITIVE_INFINITY);
      if (knownFor > soonMs)
        yield `${what} was refused ${knownFor} ms after the player's first score`;
      continue;
    }
    const tolerated = toleratedBetween(faults, sentAt, answeredAt);
    if (isStreamed && tolerated.has("streams")) tolerated.add("network");
    const wrong = wrongRefusal(refusal, tolerated);
    if (wrong) yield `${what} ${wrong}`;
  }
}

function toleratedBetween(
  faults: readonly FaultSpan[],
  from: number,
  until: number,
): Set<Tolerance> {
  const there = faults.filter((fault) => fault.from <= until && fault.until >= from);
  return new Set(there.map(({ tolerates }) => tolerates));
}

/** Undefined when the refusal is as it should be. */
function wrongRefusal(
  { code, reason, saysWhen }: Refusal,
  tolerated: ReadonlySet<Tolerance>,
): string | undefined {
  const said = `was refused as ${code} ${reason ?? "(no answer)"}`;
  if (reason === undefined) {
    // A client's own patience may end while the ledger is silent.
    const isTolerated =
      tolerated.has("network") || (code === "DeadlineExceeded" && tolerated.has("ledger"));
    if (!isTolerated) return `${said} while no answer could get lost`;
    return lostCodes.includes(code) ? undefined : said;
  }
  const isLedgers = ledgerReasons.includes(reason);
  if (!isLedgers && !networkReasons.includes(reason)) return said;
  const isTolerated = tolerated.has("network") || (isLedgers && tolerated.has("ledger"));
  if (!isTolerated) return `${said} while nothing explained it`;
  if (code !== (codes[reason] ?? "Unavailable")) return said;
  return code === "Unavailable" && !saysWhen ? `${said} without a time to try again` : undefined;
}
