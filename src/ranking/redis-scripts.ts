import { readFileSync } from "node:fs";

/** The scripts by file name; each has one key, the board's meta hash. */
export const scriptNames = [
  "place",
  "read",
  "head",
  "begin-rebuild",
  "add-rebuild",
  "finish-rebuild",
  "set-checkpoint",
  "compare",
  "scan",
  "remove",
] as const;

export type ScriptName = (typeof scriptNames)[number];

/** The text of a script with the files that it includes in their place. */
export function readScript(name: ScriptName): string {
  return readLua(`${name}.lua`).replace(/^--!include (\S+)$/gm, (_, file: string) => readLua(file));
}

function readLua(file: string): string {
  return readFileSync(new URL(`lua/${file}`, import.meta.url), "utf8");
}
