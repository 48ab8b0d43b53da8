import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { envoyBinary, NoEnvoy } from "./envoy-binary.ts";
import { envoyConfig, readEnvoySettings, WrongEnvoySettings } from "./envoy-config.ts";

const project = fileURLToPath(new URL("../", import.meta.url));

const usage = `usage: npm run envoy [-- --print]

  --print  writes envoy.yaml with the addresses of the environment in it, and ends
`;

/** Runs Envoy with envoy.yaml until it is told to end. */
async function main(): Promise<void> {
  const isPrinted = readArguments();
  const yaml = await readFile(`${project}envoy.yaml`, "utf8");
  const config = envoyConfig(yaml, readEnvoySettings(process.env));
  if (isPrinted) {
    process.stdout.write(String(config));
    return;
  }
  const binary = await envoyBinary(process.env.PATH ?? "", () =>
    process.stderr.write("fetching Envoy (37 MB), once\n"),
  );
  const { address, port_value: port } =
    config.toJS().static_resources.listeners[0].address.socket_address;
  process.stderr.write(
    `${binary}: http://${address === "0.0.0.0" ? "127.0.0.1" : address}:${port}\n`,
  );
  const envoy = spawn(
    binary,
    [
      ...["--config-yaml", JSON.stringify(config.toJS()), "--log-level", "warning"],
      ...["--disable-hot-restart", "--file-flush-interval-msec", "1000"],
    ],
    { cwd: project, stdio: "inherit" },
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => envoy.kill("SIGTERM"));
  }
  const [code] = await once(envoy, "exit");
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
  if (!(error instanceof NoEnvoy || error instanceof WrongEnvoySettings)) throw error;
  process.stderr.write(`envoy: ${error.message}\n`);
  process.exitCode = 1;
}
