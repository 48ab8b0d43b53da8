import { readFileSync } from "node:fs";
import { WrongSettings } from "./environment.ts";

/**
 * The content of the file that `setting` names. Throws WrongSettings when it
 * can't be read, without the name: by mistake that may be a key itself.
 */
export function readSettingFile(setting: string, file: string | URL): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new WrongSettings(`${setting}: the file can't be read (${code ?? "wrong name"})`);
  }
}
