import { isIPv6 } from "node:net";
import type { Caller } from "./permissions.ts";

/**
 * Whose share a caller takes from: a player's, or that of the network address
 * of a caller without a token. Undefined for game servers and operators, who
 * are trusted.
 */
export function callerKey(caller: Caller, address: string): string | undefined {
  if (caller === undefined) return `address ${networkOf(address)}`;
  if (caller.role !== "player") return undefined;
  // Games are each other's strangers: their players may be called the same.
  const games = caller.games === "*" ? "*" : [...caller.games].sort().join(" ");
  return `player ${caller.subject} of ${games}`;
}

/**
 * What is counted as one address: of IPv6 the first 64 bits, since a single
 * customer has all that follow. `::ffff:192.0.2.1` is the IPv4 address in it.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(address)) return address;
  // The URL's form has each group without leading zeros, and no dots.
  const { hostname } = new URL(`http://[${address.replace(/%.*/, "")}]`);
  const [before = "", after = ""] = hostname.slice(1, -1).split("::");
  const [head, tail] = [groupsOf(before), groupsOf(after)];
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(":")}::/64`;
}

function groupsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(":");
}
