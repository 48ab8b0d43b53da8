import type { Line } from "./line.ts";
import type { Movement } from "./movement.ts";

const number = new Intl.NumberFormat();
const rate = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const time = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

export function numberText(value: number | bigint): string {
  return number.format(value);
}

/** The length of `numberText`, nearly (the separators are guessed), at a fraction of its cost. */
export function digitsOf(value: number | bigint): number {
  const { length } = String(value);
  return length + Math.floor((length - 1) / 3);
}

/** A rate of changes a second, short: three digits that count. */
export function rateText(value: number): string {
  return value >= 100 ? number.format(Math.round(value)) : rate.format(value);
}

/** `hh:mm:ss` where the spectator is. */
export function timeText(epochMs: number): string {
  return time.format(epochMs);
}

export function playersText(count: bigint): string {
  return `${number.format(count)} ${count === 1n ? "player" : "players"}`;
}

/** What the line's state is called; `staleSince` (epoch ms) says how old the shown state is. */
export function lineText(line: Line, staleSince: number | undefined): string {
  const stale = staleSince === undefined ? "" : ` — stale since ${timeText(staleSince)}`;
  switch (line.state) {
    case "connecting":
      return "Connecting…";
    case "live":
      return "Live";
    case "reconnecting":
      return `Reconnecting…${stale}`;
    case "missing":
      return "No such game or board yet — waiting";
    case "failing":
      return `${line.message} — trying again${stale}`;
    case "refused":
      return line.message;
  }
}

/** A movement as a sign for the eye and as words for the ear. */
export function movementText(movement: Movement): {
  readonly sign: string;
  readonly words: string;
} {
  if (movement === undefined) return { sign: "", words: "" };
  if (movement === "new") return { sign: "new", words: "new" };
  if (movement > 0) return { sign: `▲${number.format(movement)}`, words: `up ${movement}` };
  if (movement < 0) return { sign: `▼${number.format(-movement)}`, words: `down ${-movement}` };
  return { sign: "=", words: "" };
}
