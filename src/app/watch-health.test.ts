import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { watchHealth } from "./watch-health.ts";

describe("the health service's answer", () => {
  let asked: PromiseWithResolvers<boolean>[];
  let told: boolean[];
  let health: ReturnType<typeof watchHealth>;
  beforeEach(() => {
    mock.timers.enable({ apis: ["setInterval"] });
    [asked, told] = [[], []];
    const isReady = () => {
      const question = Promise.withResolvers<boolean>();
      asked.push(question);
      return question.promise;
    };
    health = watchHealth(isReady, (isServing) => told.push(isServing));
  });
  afterEach(() => {
    health.close();
    mock.timers.reset();
  });

  const answer = async (isReady: boolean) => {
    asked.at(-1)?.resolve(isReady);
    await turn();
  };

  it("is asked for every second", async () => {
    await answer(true);
    await health.checked;
    mock.timers.tick(1_000);
    await answer(false);
    mock.timers.tick(1_000);
    asked.at(-1)?.reject(new Error("no answer"));
    await turn();
    assert.deepEqual(told, [true, false, false]);
  });

  it("is not asked for again while the last question has no answer", async () => {
    mock.timers.tick(60_000);
    assert.equal(asked.length, 1);
    await answer(false);
    mock.timers.tick(1_000);
    assert.equal(asked.length, 2);
  });

  it("stays as it is once closed, though a question was under way", async () => {
    health.close();
    await answer(true);
    mock.timers.tick(60_000);
    assert.equal(asked.length, 1);
    assert.deepEqual(told, []);
  });
});
