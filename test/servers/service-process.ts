import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signToken } from "../../src/access/token-signer.ts";
import type { Role } from "../../src/model/score-event.ts";
import { compileCache } from "./compile-cache.ts";
import { ServerProcess } from "./server-process.ts";

const main = fileURLToPath(new URL("../../src/app/main.ts", import.meta.url));

/** The service as its users run it: a process of its own that can be killed and started again. */
export class ServiceProcess {
  /** Where the embedded ledger is. */
  readonly dataDir: string;
  readonly #process: ServerProcess;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #secret: string;
  /** Undefined until the first start; another one after each. */
  #grpcAddress: string | undefined;
  /** Of the starts before the last. */
  #pastLogs = "";

  private constructor(process: ServerProcess, settings: Readonly<Record<string, string>>) {
    this.#process = process;
    this.dataDir = join(process.folder, "data");
    this.#secret = randomBytes(32).toString("hex");
    this.#environment = {
      ...compileCache,
      SCORE_GRPC_PORT: "0",
      SCORE_HTTP_PORT: "0",
      SCORE_DATA_DIR: this.dataDir,
      SCORE_JWT_SECRET: this.#secret,
      SCORE_LOG_LEVEL: "error",
      ...settings,
    };
  }

  /** Not started yet. `settings` are environment variables. */
  static async create(settings: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    return new ServiceProcess(await ServerProcess.create("service"), settings);
  }

  get grpcAddress(): string {
    if (this.#grpcAddress === undefined) throw new Error("the service has not been started");
    return this.#grpcAddress;
  }

  /** Resolves when the service has printed its addresses. */
  async start(): Promise<void> {
    const settings = Object.entries(this.#environment).map(([name, value]) => `${name}=${value}`);
    this.#pastLogs += await this.#process.log().catch(() => "");
    const node = [process.execPath, "--disable-warning=ExperimentalWarning", main];
    await this.#process.launch({
      program: async () => ({ command: "env", args: [...settings, ...node] }),
      isReady: async () => {
        this.#grpcAddress = /gRPC +https?:\/\/(\S+)/.exec(await this.#process.log())?.[1];
        return this.#grpcAddress !== undefined;
      },
    });
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** Silence: connections stay open, nothing is answered. */
  async pause(): Promise<void> {
    await this.#process.pause();
  }

  async resume(): Promise<void> {
    await this.#process.resume();
  }

  /** SIGTERM, and waits until it has ended by itself. */
  async stop(): Promise<void> {
    await this.#process.stop("SIGTERM");
  }

  /** What it printed and logged since it was last started. */
  async log(): Promise<string> {
    return this.#process.log();
  }

  /** The same over all its starts. */
  async logs(): Promise<string> {
    return this.#pastLogs + (await this.#process.log());
  }

  /** What it had written each time that it ended by itself. */
  get deaths(): readonly string[] {
    return this.#process.deaths;
  }

  token(role: Role): Promise<string> {
    const secret = new TextEncoder().encode(this.#secret);
    return signToken(secret, { role, subject: `the-${role}`, game: "*", expiresIn: "1h" });
  }

  /** Ends it in whatever state it is and deletes its folder. */
  async close(): Promise<void> {
    await this.#process.close();
  }
}
