import { once } from "node:events";
import { readFile } from "node:fs/promises";

/** What a process holds, in MiB. */
export interface Memory {
  /** Of JavaScript, after everything that is garbage was collected. */
  readonly heap: number;
  /** All of it, as the operating system counts. */
  readonly resident: number;
}

/** Looks into a Node process that was started with `--inspect=127.0.0.1:0`. */
export class MemoryGauge {
  readonly #socket: WebSocket;
  readonly #pid: number;
  #calls = 0;

  private constructor(socket: WebSocket, pid: number) {
    this.#socket = socket;
    this.#pid = pid;
  }

  /** By what the process printed when it started. */
  static async open(output: string): Promise<MemoryGauge> {
    const address = /Debugger listening on (ws:\S+)/.exec(output)?.[1];
    if (address === undefined) throw new Error("the process has no inspector");
    const socket = new WebSocket(address);
    await once(socket, "open");
    const { result } = await send(socket, 0, "Runtime.evaluate", { expression: "process.pid" });
    return new MemoryGauge(socket, (result as { value: number }).value);
  }

  async read(): Promise<Memory> {
    await this.#send("HeapProfiler.collectGarbage");
    const { usedSize } = await this.#send("Runtime.getHeapUsage");
    const status = await readFile(`/proc/${this.#pid}/status`, "utf8");
    const resident = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
    return { heap: Number(usedSize) / 2 ** 20, resident };
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #send(method: string): Promise<Record<string, unknown>> {
    this.#calls += 1;
    return send(this.#socket, this.#calls, method, {});
  }
}

async function send(
  socket: WebSocket,
  id: number,
  method: string,
  params: object,
): Promise<Record<string, unknown>> {
  const answer = Promise.withResolvers<Record<string, unknown>>();
  const read = ({ data }: MessageEvent) => {
    const message = JSON.parse(data);
    if (message.id === id) answer.resolve(message.result);
  };
  socket.addEventListener("message", read);
  socket.send(JSON.stringify({ id, method, params }));
  try {
    return await answer.promise;
  } finally {
    socket.removeEventListener("message", read);
  }
}
