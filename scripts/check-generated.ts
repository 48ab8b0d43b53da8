import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Fails with one line when gen/ is not what the contract generates. */
const fresh = mkdtempSync(join(tmpdir(), "score-gen-"));
try {
  const buf = (...args: string[]) =>
    execFileSync("node_modules/.bin/buf", args, { stdio: ["ignore", "inherit", "inherit"] });
  buf("generate", "--output", fresh);
  buf("build", "--exclude-source-info", "-o", join(fresh, "gen", "descriptor.binpb"));
  const wanted = contents(join(fresh, "gen"));
  const found = contents("gen");
  const stale = [...new Set([...wanted.keys(), ...found.keys()])].filter(
    (file) => wanted.get(file) !== found.get(file),
  );
  if (stale.length > 0) {
    process.stderr.write(`gen/ is out of date (${stale.join(", ")}): npm run generate\n`);
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}

function contents(folder: string): Map<string, string> {
  const files = globSync("**/*.*", { cwd: folder });
  return new Map(files.map((file) => [file, readFileSync(join(folder, file), "base64")]));
}
