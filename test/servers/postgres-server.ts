import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "./free-port.ts";
import { ensureInstalled } from "./install.ts";
import { ManagedServer } from "./managed-server.ts";
import { ServerProcess, type Surroundings } from "./server-process.ts";
import { postgresUser } from "./system-user.ts";

export interface PostgresOptions extends Pick<Surroundings, "parent" | "environment"> {
  /** Lines of postgresql.conf; they win over those below. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: a free one, which the server keeps through every restart. */
  readonly port?: number;
}

/**
 * Commits reach the disk as they do in production: fsync and
 * synchronous_commit stay at their defaults. Dynamic shared memory lies in the
 * data folder, so that a killed server leaves nothing in /dev/shm.
 */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "256MB",
  dynamic_shared_memory_type: "mmap",
};

/** A PostgreSQL server on 127.0.0.1 that trusts everyone, with its own data in a temporary folder. */
export class PostgresServer extends ManagedServer {
  readonly dataDir: string;
  readonly #postgres: string;
  readonly #settings: Readonly<Record<string, string>>;
  /** Undefined until chosen, which is before the first start resolves; fixed from then on. */
  #port: number | undefined;

  constructor(serverProcess: ServerProcess, postgres: string, options: PostgresOptions) {
    super(serverProcess, "SIGQUIT");
    this.dataDir = join(serverProcess.folder, "data");
    this.#postgres = postgres;
    this.#settings = { ...SETTINGS, ...options.settings };
    this.#port = options.port;
  }

  get port(): number {
    if (this.#port === undefined) throw new Error("PostgreSQL has not been started");
    return this.#port;
  }

  /** Of the maintenance database: for `create database` and the like, not for tables. */
  get url(): string {
    return this.#urlOf("postgres");
  }

  /** Resolves with the url of a new, empty database. Costs some 100 ms, more on a busy disk. */
  async createDatabase(): Promise<string> {
    const name = `score_${randomBytes(6).toString("hex")}`;
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      await client.query(`create database ${name}`);
    } finally {
      await client.end();
    }
    return this.#urlOf(name);
  }

  /** Resolves when connections are accepted, after a crash recovery if need be: same port, same data. */
  async start(): Promise<void> {
    let port = this.#port;
    await this.process.launch({
      program: async () => {
        port = this.#port ?? (await freePort());
        return {
          command: this.#postgres,
          args: ["-D", this.dataDir, "-p", String(port), ...this.#settingArgs()],
        };
      },
      isReady: (pid) => this.#isReady(pid),
    });
    this.#port = port;
  }

  /** Fast shutdown: open transactions are rolled back, clients are told, everything is on disk. */
  async stop(): Promise<void> {
    await this.process.stop("SIGINT");
  }

  #urlOf(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  #settingArgs(): string[] {
    return Object.entries(this.#settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  }

  /** The postmaster writes its id into the first line of this file and its state into the eighth. */
  async #isReady(pid: number): Promise<boolean> {
    const file = await readFile(join(this.dataDir, "postmaster.pid"), "utf8").catch(() => "");
    const lines = file.split("\n");
    return lines[0] === String(pid) && lines[7]?.trim() === "ready";
  }
}

/** Installs PostgreSQL if need be, makes an empty cluster and starts it. Costs about a second. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { initdb, postgres } = await ensureInstalled();
  const { parent, environment } = options;
  const surroundings = { user: await postgresUser(), parent, environment };
  const serverProcess = await ServerProcess.create("postgres", surroundings);
  try {
    const server = new PostgresServer(serverProcess, postgres, options);
    await serverProcess.run({ command: initdb, args: initdbArgs(server.dataDir) });
    await server.start();
    return server;
  } catch (error) {
    await serverProcess.close();
    throw error;
  }
}

/** Older versions of macOS have no C.UTF-8; "C" sorts the same bytes the same way. */
function initdbArgs(dataDir: string): string[] {
  const locale = process.platform === "linux" ? "C.UTF-8" : "C";
  const cluster = ["-D", dataDir, "-U", "postgres", "-E", "UTF8", `--locale=${locale}`];
  return [...cluster, "--auth=trust", "--no-sync", "--no-instructions"];
}
