import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const file = "docs/openapi.json";

/** Writes docs/openapi.json as the contract says, or with --check fails when it is not so. Needs Go. */
const isCheck = process.argv.includes("--check");
const wanted = `${JSON.stringify(describe(generated()), null, 2)}\n`;
if (!isCheck) writeFileSync(file, wanted);
else if (readFileSync(file, "utf8") !== wanted) {
  process.stderr.write(`${file} is out of date: npm run generate:openapi\n`);
  process.exitCode = 1;
}

// biome-ignore lint/suspicious/noExplicitAny: OpenAPI's own schema
type Description = any;

function generated(): Description {
  const folder = mkdtempSync(join(tmpdir(), "score-openapi-"));
  try {
    const options = ["--template", "buf.gen.openapi.yaml", "--path", "proto/score/v1/score.proto"];
    execFileSync("node_modules/.bin/buf", ["generate", ...options, "--output", folder], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    return JSON.parse(readFileSync(join(folder, "score/v1/score.openapi.json"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Adds what the proto files don't say. */
function describe(description: Description): Description {
  const { paths, components, info, ...rest } = description;
  const { get: watch } = paths["/v1/games/{game_id}/leaderboard:watch"];
  const { content } = watch.responses["200"];
  watch.responses["200"].content = { "text/event-stream": content["application/json"] };
  const securitySchemes = { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } };
  return {
    ...rest,
    info: { ...info, description: "REST through Envoy, see envoy.yaml." },
    servers: [{ url: "http://127.0.0.1:10000" }],
    paths,
    components: { ...components, securitySchemes },
    // Reading needs none, unless the operator has closed it.
    security: [{}, { token: [] }],
  };
}
