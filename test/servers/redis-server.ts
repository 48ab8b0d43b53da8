import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { ensureInstalled } from "./install.ts";
import { ManagedServer } from "./managed-server.ts";
import { redisCommand } from "./redis-command.ts";
import { ServerProcess } from "./server-process.ts";

export interface RedisOptions {
  /** Lines of redis.conf, values as they stand there; they win over those below. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Without persistence: a restart comes back empty. */
const SETTINGS = { bind: "127.0.0.1", save: '""', appendonly: "no" };
/** A cluster node also listens on its port + 10,000, which no outgoing connection must take either. */
const HIGHEST_CLUSTER_PORT = 22_767;

/** A Redis server on 127.0.0.1, in a temporary folder of its own. */
export class RedisServer extends ManagedServer {
  readonly #redisServer: string;
  readonly #settings: Readonly<Record<string, string>>;
  /** Undefined until chosen, which is before the first start resolves; fixed from then on. */
  #port: number | undefined;

  constructor(serverProcess: ServerProcess, redisServer: string, options: RedisOptions) {
    super(serverProcess);
    this.#redisServer = redisServer;
    this.#settings = { ...SETTINGS, ...options.settings };
  }

  get port(): number {
    if (this.#port === undefined) throw new Error("Redis has not been started");
    return this.#port;
  }

  get url(): string {
    return urlOf(this.port);
  }

  /** Resolves when what is on disk is loaded and commands are answered: same port, same folder. */
  async start(): Promise<void> {
    let port = this.#port;
    await this.process.launch({
      program: async () => {
        port = this.#port ?? (await this.#freePort());
        return { command: this.#redisServer, args: [await this.#writeConfig(port)] };
      },
      isReady: (pid) => isReady(urlOf(port ?? 0), pid),
    });
    this.#port = port;
  }

  /** SIGTERM: saves first if the settings ask for it. */
  async stop(): Promise<void> {
    await this.process.stop("SIGTERM");
  }

  /** Empties every database. */
  async flush(): Promise<void> {
    await this.command("FLUSHALL");
  }

  /** Runs one command on a connection of its own. */
  async command(name: string, ...args: readonly string[]): Promise<unknown> {
    return redisCommand(this.url, name, ...args);
  }

  async #freePort(): Promise<number> {
    return freePort(this.#settings["cluster-enabled"] === "yes" ? HIGHEST_CLUSTER_PORT : undefined);
  }

  async #writeConfig(port: number): Promise<string> {
    const file = join(this.process.folder, "redis.conf");
    const settings = { ...this.#settings, dir: this.process.folder, port: String(port) };
    const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
    await writeFile(file, lines.join(""));
    return file;
  }
}

/** Installs Redis if need be and starts it. Costs some 20 ms. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { redisServer } = await ensureInstalled();
  const serverProcess = await ServerProcess.create("redis");
  try {
    const server = new RedisServer(serverProcess, redisServer, options);
    await server.start();
    return server;
  } catch (error) {
    await serverProcess.close();
    throw error;
  }
}

function urlOf(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

/** Looks at the process id, because the port may have been taken by another server. */
async function isReady(url: string, pid: number): Promise<boolean> {
  const info = String(await redisCommand(url, "INFO").catch(() => ""));
  return info.includes(`process_id:${pid}\r`) && info.includes("loading:0\r");
}
