import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chown, mkdtemp, open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LaunchError } from "./launch-error.ts";
import type { SystemUser } from "./system-user.ts";
import { Watchdog } from "./watchdog.ts";

const PROCESS_TREE = fileURLToPath(new URL("process-tree.sh", import.meta.url));
/** Long enough for PostgreSQL to replay the log of a long bench after a crash. */
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 60_000;
/** A port that was just left is mostly free again at once; 100 tries of 50 ms. */
const BUSY_TRIES = 100;
const BUSY_DELAY_MS = 50;

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** Where and as whom a server runs. */
export interface Surroundings {
  /** Owns the folder and runs the programs; by default the user of this process. */
  readonly user?: SystemUser | undefined;
  /** Where the folder is made; by default with the system's other temporary files. */
  readonly parent?: string | undefined;
  /** Environment variables on top of a bare few. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

export interface Launch {
  /** Asked again for each try: a first start can choose another port when one was taken. */
  readonly program: () => Promise<Program>;
  /** Whether the process with this id answers; asked every few milliseconds. */
  readonly isReady: (pid: number) => Promise<boolean>;
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when the process has ended and the watchdog no longer guards it. */
  readonly ended: Promise<void>;
  hasAnswered: boolean;
  /** Somebody has asked it to end. */
  isToEnd: boolean;
}

/**
 * One server at a time, in a temporary folder of its own. The server keeps
 * neither this process alive nor its own life when this process ends. Calls
 * must not overlap, except `close` and, while it is launched, `kill`.
 */
export class ServerProcess {
  readonly folder: string;
  readonly #user: SystemUser | undefined;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #watchdog: Watchdog;
  /** Undefined from the moment the server has ended, by whatever cause, until the next launch. */
  #running: Running | undefined;
  #closed: Promise<void> | undefined;
  readonly #deaths: string[] = [];

  private constructor(folder: string, { user, environment = {} }: Surroundings) {
    this.folder = folder;
    this.#user = user;
    this.#environment = environment;
    this.#watchdog = new Watchdog(folder);
  }

  /** Makes the folder, with `name` in its own. */
  static async create(name: string, surroundings: Surroundings = {}): Promise<ServerProcess> {
    const { user, parent = tmpdir() } = surroundings;
    const folder = await mkdtemp(join(parent, `score-${name}-`));
    if (user) await chown(folder, user.uid, user.gid);
    return new ServerProcess(folder, surroundings);
  }

  /** Runs a program to its end. Rejects `LaunchError` unless it ends with code 0. */
  async run(program: Program): Promise<void> {
    const { child, ended } = await this.#spawn(program);
    child.ref();
    await ended;
    if (child.exitCode !== 0) throw new LaunchError(program.command, await this.log());
  }

  /**
   * Resolves when the server answers; at once if it runs already. Tries again
   * for some seconds while a port, or what a killed server held, is still
   * taken. Rejects `LaunchError` with the server's output otherwise.
   */
  async launch(launch: Launch): Promise<void> {
    if (this.#running) return;
    for (let triesLeft = BUSY_TRIES; ; triesLeft--) {
      try {
        return await this.#launchOnce(launch);
      } catch (error) {
        if (!(error instanceof LaunchError && error.busy) || triesLeft === 0) throw error;
        await delay(BUSY_DELAY_MS);
      }
    }
  }

  /** Asks the server to end by `signal` and waits for it; rejects after a minute. Nothing to do if none runs. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.isToEnd = true;
    await this.#signalTree("CONT", running);
    running.child.kill(signal);
    running.child.ref();
    const timeout = new AbortController();
    const late = delay(STOP_TIMEOUT_MS, true, { signal: timeout.signal }).catch(() => false);
    const isLate = await Promise.race([running.ended, late]);
    timeout.abort();
    if (isLate)
      throw new Error(`no end ${STOP_TIMEOUT_MS} ms after ${signal}: ${await this.log()}`);
  }

  /** SIGKILL to every process of the server at one moment: none can react. Nothing to do if none runs. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    running.isToEnd = true;
    running.child.ref();
    await this.#signalTree("KILL", running);
    await running.ended;
  }

  /** Freezes every process of the server; its sockets stay open and the kernel still accepts connections. */
  async pause(): Promise<void> {
    await this.#signalTree("STOP", this.#expectRunning());
  }

  async resume(): Promise<void> {
    await this.#signalTree("CONT", this.#expectRunning());
  }

  /** How it ended and what it had written, each time that it did so unasked after it had answered. */
  get deaths(): readonly string[] {
    return this.#deaths;
  }

  /** What the server wrote since it was last started. */
  async log(): Promise<string> {
    return readFile(this.#logFile, "utf8");
  }

  /** Ends the server by `signal`, by SIGKILL if that fails or none is given, and deletes the folder. */
  async close(signal?: NodeJS.Signals): Promise<void> {
    this.#closed ??= (async () => {
      if (signal) await this.stop(signal).catch(() => {});
      const running = this.#running;
      if (running) running.isToEnd = true;
      running?.child.ref();
      await Promise.all([this.#watchdog.close(), running?.ended]);
    })();
    await this.#closed;
  }

  get #logFile(): string {
    return join(this.folder, "output.log");
  }

  #expectRunning(): Running {
    if (!this.#running) throw new Error("the server is not running");
    return this.#running;
  }

  async #launchOnce({ program, isReady }: Launch): Promise<void> {
    const next = await program();
    const running = await this.#spawn(next);
    this.#running = running;
    running.ended.then(() => {
      const { exitCode, signalCode } = running.child;
      const how = `by ${signalCode ?? `code ${exitCode}`}`;
      // At once: the next launch writes over it, and `close` deletes it.
      if (running.hasAnswered && !running.isToEnd)
        this.#deaths.push(`${how}: ${readFileSync(this.#logFile, "utf8")}`);
      if (this.#running === running) this.#running = undefined;
    });
    const deadline = performance.now() + START_TIMEOUT_MS;
    const noLonger = running.ended.then(() => false);
    while (!(await Promise.race([isReady(running.pid), noLonger]))) {
      if (this.#running !== running) throw new LaunchError(next.command, await this.log());
      if (performance.now() > deadline) {
        await this.kill();
        throw new LaunchError(next.command, await this.log());
      }
      await delay(5);
    }
    if (this.#running !== running) throw new LaunchError(next.command, await this.log());
    running.hasAnswered = true;
  }

  async #spawn({ command, args }: Program): Promise<Running> {
    if (this.#closed) throw new Error("the server is closed");
    const log = await open(this.#logFile, "w");
    try {
      const child = spawn(command, args, {
        cwd: this.folder,
        detached: true,
        env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC", ...this.#environment },
        stdio: ["ignore", log.fd, log.fd],
        ...this.#user,
      });
      if (child.pid === undefined) throw (await once(child, "error"))[0];
      this.#watchdog.guard(child.pid);
      child.unref();
      const ended = once(child, "exit").then(() => this.#watchdog.release());
      return { child, pid: child.pid, ended, hasAnswered: false, isToEnd: false };
    } finally {
      await log.close();
    }
  }

  async #signalTree(signal: "STOP" | "CONT" | "KILL", { pid }: Running): Promise<void> {
    await promisify(execFile)("sh", [PROCESS_TREE, signal, String(pid)]);
  }
}
