import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The blocks of shell commands in a document of the project, under one of its headings. */
export function commandsUnder(document: string, heading: string): string[] {
  const file = fileURLToPath(new URL(`../../${document}`, import.meta.url));
  const section = readFileSync(file, "utf8").split(`\n## ${heading}\n`)[1]?.split("\n## ")[0];
  return [...(section ?? "").matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
}
