import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { settingNames } from "../../src/app/settings.ts";

test("the README's table names every setting and no other", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const rows = readme.matchAll(/^\| `((?:SCORE_|DATABASE_URL|REDIS_URL)\w*)` \|/gm);
  assert.deepEqual([...rows].map(([, name]) => name).sort(), [...settingNames].sort());
});
