import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { compileCache } from "../servers/compile-cache.ts";

/** How a program ended, and what it wrote. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the programs in src/app with these settings and no others; it is told to end after a minute. */
export async function runProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", programPath(file), ...args],
    {
      env: { PATH: process.env.PATH, ...compileCache, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    },
  );
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: code as number, stdout, stderr };
}

export function programPath(file: string): string {
  return fileURLToPath(new URL(`../../src/app/${file}`, import.meta.url));
}
