/** One event of the demo. */
export interface DemoMove {
  readonly playerId: string;
  readonly displayName: string;
  readonly points: number;
}

const firstNames = [
  "Ada",
  "Bo",
  "Chidi",
  "Dilan",
  "Emre",
  "Fatou",
  "Goro",
  "Hana",
  "Ines",
  "Jin",
  "Kaya",
  "Lior",
  "Mei",
  "Noor",
  "Olu",
  "Pia",
  "Quy",
  "Rosa",
  "Sven",
  "Tala",
  "Uma",
  "Vik",
  "Wen",
  "Xenia",
  "Yara",
];
const lastNames = [
  "the Swift",
  "the Quiet",
  "of Oslo",
  "99",
  "🦊",
  "the Bold",
  "Nine",
  "ツ",
  "of Lagos",
];

/**
 * The moves of a lively game, for ever: everybody collects small points, now
 * and then somebody has a streak, rounds of fives make ties, and every minute
 * or so a player from the back comes to the front.
 */
export function* demoMoves(
  players: number,
  random: () => number = Math.random,
): Generator<DemoMove> {
  const pick = (count: number) => Math.floor(random() * count);
  for (let count = 1; ; count += 1) {
    if (count % 400 === 0) yield* streak(pick(Math.min(20, players)), 15, () => 20 + pick(30));
    else if (count % 6_000 === 0)
      yield* streak(players - 1 - pick(players >> 1), 60, () => 60 + pick(60));
    else if (count % 90 === 0)
      for (let place = 0; place < 12; place += 1) yield move(pick(players), 5);
    else yield move(Math.floor(players * random() ** 2), 1 + pick(9));
  }
}

function* streak(player: number, length: number, points: () => number): Generator<DemoMove> {
  for (let step = 0; step < length; step += 1) yield move(player, points());
}

function move(player: number, points: number): DemoMove {
  const first = firstNames[player % firstNames.length];
  const last = lastNames[(player * 7 + Math.floor(player / firstNames.length)) % lastNames.length];
  return { playerId: `player-${player + 1}`, displayName: `${first} ${last}`, points };
}
