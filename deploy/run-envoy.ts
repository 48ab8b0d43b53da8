import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WrongSettings } from "../src/app/environment.ts";
import { envoyBinary, NoEnvoy } from "./envoy-binary.ts";
import { envoyConfig, readEnvoySettings } from "./envoy-config.ts";

const project = fileURLToPath(new URL("../", import.meta.url));

const usage = `usage: npm run envoy [-- --print]

  --print  writes envoy.yaml with the addresses of the environment in it, and ends
`;

/** Runs Envoy with envoy.yaml until it is told to end. */
async function main(): Promise<void> {
  const isPrinted = readArguments();
  const yaml = await readFile(`${project}envoy.yaml`, "utf8");
  const settings = readEnvoySettings(process.env);
  if (isPrinted) {
    process.stdout.write(String(envoyConfig(yaml, settings)));
    return;
  }
  // As the service: a trial on a laptop is not for its whole network.
  const config = envoyConfig(yaml, { ENVOY_HOST: "127.0.0.1", ...settings });
  const binary = await envoyBinary(process.env.PATH ?? "", () =>
    process.stderr.write("fetching Envoy (37 MB), once\n"),
  );
  const { address, port_value: port } =
    config.toJS().static_resources.listeners[0].address.socket_address;
  process.stderr.write(
    `${binary}: http://${address === "0.0.0.0" ? "localhost" : address}:${port}\n`,
  );
  // In a file: of a text on its command line Envoy would repeat all when it can't start.
  const file = join(await mkdtemp(join(tmpdir(), "score-envoy-")), "envoy.yaml");
  await writeFile(file, String(config));
  const envoy = spawn(
    binary,
    [
      ...["-c", file, "--log-level", "warning"],
      ...["--disable-hot-restart", "--file-flush-interval-msec", "1000"],
    ],
    { cwd: project, stdio: "inherit" },
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => envoy.kill("SIGTERM"));
  }
  const [code] = await once(envoy, "exit");
  await rm(dirname(file), { recursive: true });
  process.exitCode = code ?? 1;
}

function readArguments(): boolean {
  try {
    return parseArgs({ options: { print: { type: "boolean", default: false } } }).values.print;
  } catch (error) {
    process.stderr.write(`envoy: ${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof NoEnvoy || error instanceof WrongSettings)) throw error;
  process.stderr.write(`envoy: ${error.message}\n`);
  process.exitCode = 1;
}
