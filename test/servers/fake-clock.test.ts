import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { FakeClock } from "./fake-clock.ts";
import { postgresUser } from "./system-user.ts";

const isPossible = process.platform === "linux" && process.getuid?.() === 0;

describe("a clock of a server's own", { skip: !isPossible && "needs Linux and root" }, () => {
  it("is ahead or behind also for a server that runs as another user", async () => {
    const clock = await FakeClock.create();
    const user = await postgresUser();
    const secondsNow = async () => {
      const options = { ...user, env: { ...clock.environment, PATH: process.env.PATH } };
      return Number((await promisify(execFile)("date", ["+%s"], options)).stdout);
    };
    try {
      for (const seconds of [1_800, -600, 0]) {
        await clock.jump(seconds);
        const off = (await secondsNow()) - Date.now() / 1_000 - seconds;
        assert.ok(Math.abs(off) < 5, `${off} s off after a jump of ${seconds} s`);
      }
    } finally {
      await clock.close();
    }
  });
});
