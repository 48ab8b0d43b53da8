import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** What `buf curl` said and how it ended. */
export interface CurlResult {
  /** Zero, or the gRPC code times eight. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The error of the call as JSON, if it had one. */
  readonly stderr: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Only the last line of a message starts with its closing brace, or is `{}`. */
const messageEnd = /(?<=^\{?\}\n)/m;

/** Runs `buf curl` to its end; a call that hangs fails after a minute. */
export async function bufCurl(args: readonly string[]): Promise<CurlResult> {
  const child = startBuf(["--timeout", "60s", ...args]);
  try {
    const closed = once(child, "close");
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [exitCode] = await closed;
    return { exitCode, stdout, stderr };
  } finally {
    await stop(child);
  }
}

/** The messages of a stream as `buf curl` prints them; leaving the loop ends the process. */
export async function* bufCurlFrames(args: readonly string[]): AsyncGenerator<unknown> {
  const child = startBuf(args);
  const said = text(child.stderr);
  try {
    let printed = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      printed += chunk;
      const messages = printed.split(messageEnd);
      printed = messageEnd.test(messages.at(-1) ?? "") ? "" : (messages.pop() ?? "");
      for (const message of messages) yield JSON.parse(message);
    }
    throw new Error(`buf curl ended: ${await said}`);
  } finally {
    await stop(child);
  }
}

/** In a process group, as node_modules/.bin/buf is a script that waits for the program. */
function startBuf(args: readonly string[]) {
  return spawn(process.execPath, ["node_modules/.bin/buf", "curl", ...args], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Resolves when the process is gone and its output closed. */
async function stop(child: ChildProcess): Promise<void> {
  const { pid, exitCode, signalCode } = child;
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  const exited = once(child, "exit");
  process.kill(-pid, "SIGKILL");
  await exited;
}
