import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Board } from "../model/game.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { RedisRanking } from "./redis-ranking.ts";
import { readScript, type ScriptName, scriptNames } from "./redis-scripts.ts";

const luaFolder = new URL("lua/", import.meta.url);
const included = ["record.lua"];
const board: Board = {
  boardNo: 1,
  boardId: "main",
  aggregation: "sum",
  direction: "ascending",
  title: "",
  state: "ready",
};
const standing = {
  playerId: "ann",
  score: 1,
  seq: 2,
  version: 3,
  updatedAt: 4,
  displayName: undefined,
};

interface RecordedCall {
  readonly key: string;
  readonly args: readonly (string | number)[];
}

/** Runs every method of a ranking on a connection that only writes down what it is asked. */
async function recordCalls(): Promise<Map<ScriptName, RecordedCall[]>> {
  const calls = new Map<ScriptName, RecordedCall[]>();
  const page = [1, 1, 0, 0, 0, 0];
  const replies: Partial<Record<ScriptName, unknown>> = {
    place: [1, 1, 1, 1, 0],
    read: page,
    head: [1, 1, 1],
    compare: [1, 1, 0, 0],
    scan: [1, 1, "0"],
  };
  const connection = {
    async run(script: ScriptName, key: string, args: readonly (string | number)[]) {
      calls.set(script, [...(calls.get(script) ?? []), { key, args }]);
      return replies[script] ?? 1;
    },
    onMessage() {},
  } as unknown as RedisConnection;
  const ranking = new RedisRanking({ connection, ledgerId: "0123456789", instanceId: "me" });
  await ranking.place(board, [standing]);
  await ranking.page(board, 20, 10);
  await ranking.around(board, "ann", 10);
  await ranking.head(board);
  await ranking.setCheckpoint(board, 9);
  await ranking.compare(board, [{ playerId: "ann", standing }]);
  const { next } = await ranking.scan(board, undefined);
  await ranking.scan(board, next);
  const rebuild = await ranking.beginRebuild(board, 7);
  await rebuild?.add([standing]);
  await rebuild?.finish(9);
  await ranking.remove(board.boardNo);
  return calls;
}

/** What a script's head says: `ARGV[1] epoch: the one being built` gives `epoch`. */
function headOf(script: ScriptName) {
  const lines = readLua(script).split("\n");
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith("--")),
  );
  const numbered = (array: string) =>
    head.flatMap((line) => {
      const match = new RegExp(`^-- ${array}\\[(\\d+)\\] (\\w+)`).exec(line);
      return match ? [{ place: Number(match[1]), name: match[2] }] : [];
    });
  return { keys: numbered("KEYS"), args: numbered("ARGV"), text: head.join("\n") };
}

/** The named locals that the script's first statement unpacks KEYS and ARGV into, and the rest. */
function bodyOf(script: ScriptName) {
  const code = readLua(script).replace(/^--.*\n/gm, "");
  const match = /^local ([\w,\s]+?)\s*=\s*((?:.*\n)??.*)\n/.exec(code);
  assert.ok(match?.[1] && match[2], `${script} begins with its arguments`);
  const names = match[1].split(",").map((name) => name.trim());
  const sources = [...match[2].matchAll(/(KEYS|ARGV)\[(\d+)\]/g)].map(([source]) => source);
  return { names, sources, rest: code.slice(match[0].length) };
}

function readLua(script: string): string {
  return readFileSync(new URL(`${script}.lua`, luaFolder), "utf8");
}

describe("the scripts", async () => {
  const calls = await recordCalls();

  it("are all known, and nothing else lies among them", () => {
    const files = scriptNames.map((name) => `${name}.lua`);
    assert.deepEqual(readdirSync(luaFolder).sort(), [...files, ...included].sort());
  });

  it("hold what they include", () => {
    for (const name of scriptNames) assert.doesNotMatch(readScript(name), /^--!include/m);
    assert.match(readScript("place"), /local function member_of/);
  });

  for (const script of scriptNames) {
    describe(script, () => {
      const { keys, args, text } = headOf(script);

      it("says in its head what it does, its key, its arguments and what it returns", () => {
        assert.match(text, /^-- [A-Z]/);
        assert.match(text, /^-- Returns /m);
        assert.deepEqual(keys, [{ place: 1, name: "meta" }]);
        assert.ok(args.length <= 8, `${args.length} arguments`);
        assert.deepEqual(
          args.map(({ place }) => place),
          args.map((_, index) => index + 1),
        );
      });

      it("unpacks exactly these first, under their names", () => {
        const { names, sources, rest } = bodyOf(script);
        assert.deepEqual(names, ["base", ...args.map(({ name }) => name)]);
        assert.deepEqual(sources, ["KEYS[1]", ...args.map(({ place }) => `ARGV[${place}]`)]);
        assert.doesNotMatch(rest, /KEYS|ARGV/);
      });

      it("is given exactly these by its caller", () => {
        const recorded = calls.get(script) ?? [];
        assert.ok(recorded.length > 0, "somebody calls it");
        for (const call of recorded) {
          assert.equal(call.key, "score:01234567:{1}");
          assert.equal(call.args.length, args.length);
          for (const [index, { name }] of args.entries()) {
            assert.match(String(call.args[index]), shapes[name ?? ""] ?? /^never$/, name);
          }
        }
      });
    });
  }
});

/** What each argument looks like in the recorded calls: two in the wrong order would not. */
const shapes: Record<string, RegExp> = {
  sign: /^-1$/,
  publish: /^PUBLISH$/,
  standings: /^\[\["ann",1,2,3,4,""\]\]$/,
  players: /^\["ann"\]$/,
  digest: /^[0-9a-f]{40}$/,
  part: /^(records|order)$/,
  cursor: /^0$/,
  count: /^500$/,
  offset: /^(0|20)$/,
  limit: /^10$/,
  player: /^(ann)?$/,
  builder: /^me$/,
  epoch: /^7$/,
  lease: /^10000$/,
  checkpoint: /^9$/,
};
