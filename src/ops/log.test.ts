import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";

const room = new URL("log.ts", import.meta.url);

/** The lines that a process writes to the log, whose `script` calls it `log`. */
async function logged(script: string, level = "info"): Promise<Record<string, unknown>[]> {
  const program = `import { createLog } from ${JSON.stringify(room)};
    const log = createLog(${JSON.stringify(level)});
    ${script}`;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.equal(out, "");
  return err
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

describe("the log", () => {
  it("is JSON lines on standard error, from its level on", async () => {
    const lines = await logged(`log.debug("not this"); log.info({ lane: "grpc" }, "a call");`);
    assert.equal(lines.length, 1);
    assert.partialDeepStrictEqual(lines[0], { level: 30, lane: "grpc", msg: "a call" });
    assert.deepEqual(await logged(`log.fatal("not even this");`, "silent"), []);
  });

  it("cuts out what is named as a secret, as deep as objects are logged", async () => {
    const lines = await logged(`
      for (const name of ["authorization", "token", "secret", "password"]) {
        log.info({ [name]: "hidden", a: { [name]: "hidden", b: { [name]: "hidden" } } }, name);
      }`);
    assert.equal(lines.length, 4);
    for (const line of lines) {
      assert.doesNotMatch(JSON.stringify(line), /hidden/);
      assert.match(JSON.stringify(line), /\[Redacted\]/);
    }
  });

  it("tells an error with its code, its place and its causes, and nothing that hangs on it", async () => {
    const [line] = await logged(`
      const cause = Object.assign(new TypeError("below"), { command: { args: ["hidden"] } });
      const err = Object.assign(new Error("above", { cause }), { code: "E1", args: ["hidden"] });
      log.error({ err: new AggregateError([err], "all") }, "failed");`);
    assert.doesNotMatch(JSON.stringify(line), /hidden/);
    assert.partialDeepStrictEqual(line, {
      msg: "failed",
      err: {
        type: "AggregateError",
        message: "all",
        errors: [{ message: "above", code: "E1", cause: { type: "TypeError", message: "below" } }],
      },
    });
    assert.match(JSON.stringify(line), /"stack":"Error: above\\n +at /);
  });
});
