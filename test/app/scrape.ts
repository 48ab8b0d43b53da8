import type { Ports } from "../lanes/clients.ts";
import { eventually } from "../lanes/eventually.ts";

/** The value of a line of /metrics, named as it stands there; undefined when there is none. */
export async function scrape({ httpPort }: Ports, line: string): Promise<number | undefined> {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
  const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length));
}

/** Resolves once the line's value is as wanted; rejects when it is not within a minute. */
export async function comesTo(
  ports: Ports,
  line: string,
  isWanted: number | ((value: number) => boolean),
): Promise<void> {
  const holds = typeof isWanted === "number" ? (value: number) => value === isWanted : isWanted;
  await eventually(`${line} ${isWanted}`, async () => {
    const value = await scrape(ports, line);
    return value !== undefined && holds(value);
  });
}
