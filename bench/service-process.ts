import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ServerProcess } from "../test/servers/server-process.ts";

const main = fileURLToPath(new URL("../src/app/main.ts", import.meta.url));

export interface ServiceOptions {
  /** Environment variables. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where a CPU profile goes when the service ends; none is made without it. */
  readonly profileFolder: string | undefined;
}

/** A service in a process of its own, started as an operator starts it. */
export class ServiceProcess {
  readonly pid: number;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly #process: ServerProcess;
  #isStopped = false;

  private constructor(serverProcess: ServerProcess, pid: number, ports: Ports) {
    this.#process = serverProcess;
    this.pid = pid;
    this.grpcPort = ports.grpcPort;
    this.httpPort = ports.httpPort;
  }

  /** Resolves when it has printed its addresses; rejects with its output when it ends before. */
  static async start({ settings, profileFolder }: ServiceOptions): Promise<ServiceProcess> {
    const serverProcess = await ServerProcess.create("bench-service");
    const dataDir = join(serverProcess.folder, "data");
    const environment = { SCORE_DATA_DIR: dataDir, ...settings };
    const profile = ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
    const args = [
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      ...(profileFolder === undefined ? [] : profile),
      main,
    ];
    let pid = 0;
    try {
      await serverProcess.launch({
        program: async () => ({ command: "env", args }),
        isReady: async (id) => {
          pid = id;
          return portsIn(await serverProcess.log()) !== undefined;
        },
      });
      const ports = portsIn(await serverProcess.log());
      if (ports === undefined) throw new Error("the service said its ports no more");
      return new ServiceProcess(serverProcess, pid, ports);
    } catch (error) {
      await serverProcess.close();
      throw error;
    }
  }

  /** Resolves when it says that the ledger answers and every board is ranked. */
  async ready(signal: AbortSignal): Promise<void> {
    const url = `http://127.0.0.1:${this.httpPort}/readyz`;
    while ((await fetch(url, { signal })).status !== 200) await sleep(20, undefined, { signal });
  }

  /** As an operator stops it: everything under way ends first. Resolves with what it complained of. */
  async stop(): Promise<string> {
    await this.#process.stop("SIGTERM");
    this.#isStopped = true;
    return this.#complaints();
  }

  /** Ends it at once; what it complained of may tell why the measure failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isStopped) process.stderr.write(await this.#complaints());
    await this.#process.close();
  }

  /** What follows the greeting: warnings and errors. */
  async #complaints(): Promise<string> {
    return (await this.#process.log()).replace(greeting, "");
  }
}

interface Ports {
  readonly grpcPort: number;
  readonly httpPort: number;
}

const greeting = /^score is running\n {2}gRPC .*:(\d+) .*\n {2}web .*:(\d+) .*\n(?: {2}.*\n)*/;

function portsIn(output: string): Ports | undefined {
  const found = greeting.exec(output);
  return found === null ? undefined : { grpcPort: Number(found[1]), httpPort: Number(found[2]) };
}
