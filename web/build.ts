import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const sources = fileURLToPath(new URL(".", import.meta.url));

/**
 * Bundles the page into `outDir`: `index.html`, `icon.svg`, `main.js` and
 * `style.css`, without source maps, each also packed. Rejects with esbuild's
 * messages when a source is broken. Takes about 0.3 s.
 */
export async function buildPage(outDir: string): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: sources,
    entryPoints: ["main.ts", "style.css", "index.html", "icon.svg"],
    outdir: outDir,
    loader: { ".html": "copy", ".svg": "copy" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    write: false,
  });
  mkdirSync(outDir, { recursive: true });
  for (const { path, contents } of outputFiles) {
    writeFileSync(path, contents);
    writeFileSync(`${path}.br`, brotliCompressSync(contents));
    writeFileSync(`${path}.gz`, gzipSync(contents));
  }
}

if (import.meta.main) await buildPage(fileURLToPath(new URL("./dist/", import.meta.url)));
