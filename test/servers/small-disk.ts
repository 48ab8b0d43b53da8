import { execFile } from "node:child_process";
import { chmod, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const chunk = Buffer.alloc(1_024 * 1_024);

/** A disk of its own, in memory, that can be full. Needs Linux and root, to mount it. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(megabytes: number): Promise<SmallDisk> {
    const folder = await mkdtemp(join(tmpdir(), "score-disk-"));
    await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
    await chmod(folder, 0o755);
    return new SmallDisk(folder);
  }

  /** Not a byte is left for anybody else; once more, if somebody has freed some. */
  async fill(): Promise<void> {
    const file = await open(this.#filler, "a");
    try {
      for (let length = chunk.length; length > 0; ) {
        try {
          await file.write(chunk, 0, length);
        } catch (error) {
          if ((error as { code?: string }).code !== "ENOSPC") throw error;
          length = Math.floor(length / 2);
        }
      }
    } finally {
      await file.close();
    }
  }

  /** There is space again. */
  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  /** After the end of whoever used it. */
  async close(): Promise<void> {
    await run("umount", [this.folder]);
    await rm(this.folder, { recursive: true });
  }

  get #filler(): string {
    return join(this.folder, "filler");
  }
}
