import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const sources = fileURLToPath(new URL(".", import.meta.url));

const packed = ["index.html", "icon.svg", "main.js", "style.css"];

/**
 * Bundles the page into `outDir`: `index.html`, `icon.svg`, `main.js` and
 * `style.css`, without source maps, each also packed. Rejects with esbuild's messages when a
 * source is broken. Takes about 0.1 s.
 */
export async function buildPage(outDir: string): Promise<void> {
  await build({
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
  });
  for (const name of packed) {
    const file = join(outDir, name);
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes));
    writeFileSync(`${file}.gz`, gzipSync(bytes));
  }
}

if (import.meta.main) await buildPage(fileURLToPath(new URL("./dist/", import.meta.url)));
