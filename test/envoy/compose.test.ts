import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { readSettings, settingNames } from "../../src/app/settings.ts";

const deploy = new URL("../../deploy/", import.meta.url);

it("compose.yaml sets what the service knows, and mounts files that are there", async () => {
  const { services } = parse(await readFile(new URL("compose.yaml", deploy), "utf8"));
  const { environment, build } = services.score;
  for (const name of Object.keys(environment)) assert.ok(settingNames.includes(name), name);
  const filled = Object.entries<string>(environment).map(([name, value]) => [
    name,
    value.replace(/\$\{[^}]*\}/, "x".repeat(32)),
  ]);
  assert.equal(readSettings(Object.fromEntries(filled)).SCORE_TRUSTED_PROXIES[0], "127.0.0.1");
  await access(new URL(`${build.context}/${build.dockerfile}`, deploy));
  for (const volume of services.envoy.volumes) {
    await access(fileURLToPath(new URL(volume.split(":")[0], deploy)));
  }
});
