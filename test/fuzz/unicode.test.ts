import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { ScoreService } from "../../gen/score/v1/score_pb.js";
import { type EnvoyScene, openEnvoyScene } from "../envoy/envoy-scene.ts";
import { clientKinds, envoyClientKinds } from "../lanes/clients.ts";
import { type Caller, newEvent, newGame } from "../lanes/games.ts";
import { CallError } from "../lanes/lane-client.ts";
import { categories, codePointsOf } from "./text.ts";

const { updateScores, getLeaderboard, getStanding } = ScoreService.method;

/** Of each category: as many as one page of a board shows, all categories together. */
const ofEach = 3;

/** As the contract says: no control characters, and what acts as such. */
const isName = (category: string) => !["Cc", "Zl", "Zp", "Cs"].includes(category);

/** As the contract says of ids. */
const isId = (text: string) => /^[A-Za-z0-9\-_.:@]+$/.test(text);

describe("a character of every category of Unicode", () => {
  let scene: EnvoyScene;
  before(async () => {
    scene = await openEnvoyScene();
  });
  after(() => scene?.close());

  const samples = categories.flatMap((category) =>
    codePointsOf(category, ofEach).map((code) => ({ category, text: String.fromCodePoint(code) })),
  );

  it("is shown in a name as it was sent, or refused, in every protocol", async () => {
    const { caller } = scene;
    const gameId = await newGame(caller);
    const names = samples.filter(({ category }) => category !== "Cs").map(nameWith);
    const events = names.map(({ text }, n) => newEvent({ playerId: `p${n}`, displayName: text }));
    const { results } = await caller.client.call(updateScores, { gameId, events }, caller.server);
    for (const [n, { outcome }] of results.entries()) {
      const isAccepted = outcome.case === "accepted";
      assert.equal(isAccepted, isName(names[n]?.category ?? ""), describeText(names[n]));
      if (outcome.case === "error") assert.equal(outcome.value.code, Code.InvalidArgument);
    }
    const sent = new Map(names.map(({ text }, n) => [`p${n}`, text]));
    const { httpPort, grpcPort } = scene.service;
    const behind = { httpPort: scene.envoy.port, grpcPort: scene.envoy.port };
    const ways = [
      ...clientKinds.map((kind) => ({ kind, ports: { httpPort, grpcPort } })),
      ...envoyClientKinds.map((kind) => ({ kind, ports: behind })),
    ];
    for (const { kind, ports } of ways) {
      const client = kind.open(ports);
      const { entries } = await client.call(getLeaderboard, { gameId, limit: 100 });
      assert.equal(entries.length, names.filter(({ category }) => isName(category)).length);
      for (const { playerId, displayName } of entries) {
        assert.equal(displayName, sent.get(playerId), kind.name);
      }
      client.close();
    }
  });

  it("is refused in an id unless it is one of those that ids have, in every protocol", async () => {
    const { caller } = scene;
    const gameId = await newGame(caller);
    const behind = { httpPort: scene.envoy.port, grpcPort: scene.envoy.port };
    for (const kind of envoyClientKinds) {
      const client = kind.open(behind);
      const asked = samples
        // Text in JSON can't hold half a character, and a path is cleaned of dots and slashes.
        .filter(({ category, text }) => category !== "Cs" && !(kind.isRest && /[./]/.test(text)))
        .flatMap((sample) => [sample, { ...sample, text: `a${sample.text}b` }]);
      await Promise.all(
        asked.map(async ({ category, text }) => {
          const request = { gameId, playerId: text };
          const failure = await client.call(getStanding, request).catch((error) => error);
          assert.ok(failure instanceof CallError);
          const expected = isId(text) ? Code.NotFound : Code.InvalidArgument;
          assert.equal(Code[failure.code], Code[expected], describeText({ category, text }));
        }),
      );
      client.close();
    }
  });

  it("is refused in every id of an event, and nothing of it is counted", async () => {
    const { caller } = scene;
    const gameId = await newGame(caller);
    const bad = samples.filter(({ category, text }) => category !== "Cs" && !isId(text));
    for (const field of ["playerId", "actionId", "action"] as const) {
      await assertAllRefused(
        caller,
        gameId,
        bad.map(({ text }) => withField(field, text)),
      );
    }
    const page = await caller.client.call(getLeaderboard, { gameId });
    assert.deepEqual(page.entries, []);
  });
});

function withField(field: "playerId" | "actionId" | "action", text: string) {
  const value = `a${text}`;
  return newEvent(field === "action" ? { what: { case: field, value } } : { [field]: value });
}

async function assertAllRefused(
  { client, server }: Caller,
  gameId: string,
  events: readonly ReturnType<typeof newEvent>[],
): Promise<void> {
  const { results } = await client.call(updateScores, { gameId, events: [...events] }, server);
  for (const [n, { outcome }] of results.entries()) {
    assert.equal(
      outcome.case,
      "error",
      JSON.stringify(events[n], (_, value) => String(value)),
    );
    assert.equal(outcome.value.code, Code.InvalidArgument);
  }
}

/** Between letters: some characters join with those beside them. */
function nameWith({ category, text }: { category: string; text: string }) {
  return { category, text: `a${text}b` };
}

function describeText(sample: { category: string; text: string } | undefined): string {
  const codes = [...(sample?.text ?? "")].map((text) => text.codePointAt(0)?.toString(16));
  return `${sample?.category} ${codes}`;
}
