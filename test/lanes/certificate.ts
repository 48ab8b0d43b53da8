import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A self-signed certificate for 127.0.0.1 in a folder of its own. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** Makes a service use it. */
  readonly settings: Readonly<Record<"SCORE_TLS_CERT_FILE" | "SCORE_TLS_KEY_FILE", string>>;
  /** PEM: what a client trusts. */
  readonly ca: Buffer;
  close(): Promise<void>;
}

/** Makes one with the openssl command. */
export async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "score-test-"));
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const files = ["-keyout", keyFile, "-out", certFile];
  await promisify(execFile)("openssl", ["req", "-x509", "-days", "2", ...key, ...name, ...files]);
  return {
    certFile,
    keyFile,
    settings: { SCORE_TLS_CERT_FILE: certFile, SCORE_TLS_KEY_FILE: keyFile },
    ca: await readFile(certFile),
    close: () => rm(folder, { recursive: true }),
  };
}
