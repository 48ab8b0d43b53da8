/** The colours and sizes that charts draw with; canvas knows no style sheet, so they are read from it. */
export interface Theme {
  readonly quiet: string;
  readonly rule: string;
  readonly accent: string;
  /** The lines of the race, by slot. */
  readonly race: readonly string[];
  /** CSS pixels of one rem. */
  readonly rem: number;
}

export const raceLines = 5;

/** The theme at this moment; costs a style read, so it is not for every frame. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  return {
    quiet: color("--quiet"),
    rule: color("--rule"),
    accent: color("--good"),
    race: Array.from({ length: raceLines }, (_, slot) => color(`--race-${slot}`)),
    rem: Number.parseFloat(style.fontSize),
  };
}
