import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cost } from "./figure.ts";

/** What `node --cpu-prof` writes; times in µs. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function as called from one place. */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

const topGroups = 20;
const topFunctions = 25;

/** Where the service's CPU time went during a figure, from the profiles in `folder` of that time. */
export function profileText(folder: string, what: string, { from, to, count }: Cost): string {
  const profiles = readdirSync(folder)
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as CpuProfile)
    .filter(({ startTime, endTime }) => startTime <= from && endTime >= to);
  if (profiles.length === 0) throw new Error(`${what} left no profile in ${folder}`);
  const own = new Map<string, number>();
  const charged = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  for (const { nodes: all, startTime, samples, timeDeltas } of profiles) {
    const owners = ownersOf(all);
    const nodes = new Map(all.map((node) => [node.id, node]));
    let time = startTime;
    samples.forEach((id, index) => {
      const delta = timeDeltas[index] ?? 0;
      time += delta;
      const node = nodes.get(id);
      if (node === undefined || time < from || time > to) return;
      const group = groupOf(node);
      if (group === "idle") return;
      total += delta;
      add(own, group, delta);
      add(charged, owners.get(id) ?? group, delta);
      add(functions, `${nameOf(node)}  [${group}]`, delta);
    });
  }
  const cells = (us = 0) =>
    `${((100 * us) / total).toFixed(1).padStart(6)} % ${(us / count).toFixed(2).padStart(7)} µs`;
  return [
    `${what}: the main thread, or those of all processes, each; at left a group's own code, at`,
    "right with what it calls in Node and native code",
    ...sorted(charged)
      .slice(0, topGroups)
      .map(([name, us]) => `${cells(own.get(name))}  ${cells(us)}  ${name}`),
    "",
    ...sorted(functions)
      .slice(0, topFunctions)
      .map(([name, us]) => `${cells(us)}  ${name}`),
    "",
  ].join("\n");
}

/** Whom a node's time is charged to: its own group, or that of the nearest caller beyond Node and native code. */
function ownersOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, string> {
  const children = new Set(nodes.flatMap((node) => node.children ?? []));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owners = new Map<number, string>();
  const waiting = nodes
    .filter((node) => !children.has(node.id))
    .map((node) => ({ node, caller: "Node's event loop" }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const group = groupOf(next.node);
    const isFree = group === "native" || group.startsWith("node:");
    const owner = isFree ? next.caller : group;
    owners.set(next.node.id, owner);
    for (const id of next.node.children ?? []) {
      const node = byId.get(id);
      if (node) waiting.push({ node, caller: owner });
    }
  }
  return owners;
}

/** Whose code it is: a package, a room of ours, a part of Node, or V8 and what is native. */
function groupOf({ callFrame: { functionName, url } }: ProfileNode): string {
  if (functionName === "(idle)") return "idle";
  if (functionName === "(garbage collector)") return "garbage collector";
  const packages = [...url.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)];
  const last = packages.at(-1)?.[1];
  if (last !== undefined) return last;
  const room = /\/(src\/[^/]+|gen)\//.exec(url)?.[1];
  if (room !== undefined) return room;
  if (url.startsWith("node:")) return /^node:(internal\/)?[^/]*/.exec(url)?.[0] ?? url;
  return "native";
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.replace(/^.*\/(?=[^/]+\/[^/]+$)/, "");
  return `${functionName || "(anonymous)"} ${file}${file === "" ? "" : `:${lineNumber + 1}`}`;
}

function add(sums: Map<string, number>, key: string, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}

function sorted(sums: ReadonlyMap<string, number>): [string, number][] {
  return [...sums].sort((a, b) => b[1] - a[1]);
}
