import { createPrivateKey, X509Certificate } from "node:crypto";
import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { RemoteKeys, type RemoteKeysOptions } from "../access/remote-keys.ts";
import { WrongSettings } from "./environment.ts";
import { readSettingFile } from "./setting-file.ts";
import type { Settings } from "./settings.ts";

const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/** Throws WrongSettings for a file that can't be read or holds no key set; an address is asked later. */
export function publicKeys(url: URL, told: Omit<RemoteKeysOptions, "url">) {
  if (url.protocol !== "file:") return { remote: new RemoteKeys({ url, ...told }) };
  const text = readSettingFile("SCORE_JWKS_URL", url).toString();
  const jwks: JSONWebKeySet = understood("SCORE_JWKS_URL: the file is no JSON", () =>
    JSON.parse(text),
  );
  if (!keySet.safeParse(jwks).success) {
    throw new WrongSettings("SCORE_JWKS_URL: the file holds no set of public keys (JWKS)");
  }
  return { jwks };
}

/**
 * Undefined without both settings; throws WrongSettings for a file that can't
 * be read, and unless they hold a certificate and its key.
 */
export function tlsFiles({ SCORE_TLS_CERT_FILE, SCORE_TLS_KEY_FILE }: Settings) {
  if (SCORE_TLS_CERT_FILE === undefined || SCORE_TLS_KEY_FILE === undefined) return undefined;
  const cert = readSettingFile("SCORE_TLS_CERT_FILE", SCORE_TLS_CERT_FILE);
  const key = readSettingFile("SCORE_TLS_KEY_FILE", SCORE_TLS_KEY_FILE);
  const certificate = understood(
    "SCORE_TLS_CERT_FILE: the file holds no certificate as PEM",
    () => new X509Certificate(cert),
  );
  const privateKey = understood(
    "SCORE_TLS_KEY_FILE: the file holds no key as PEM, or one with a passphrase",
    () => createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new WrongSettings("SCORE_TLS_KEY_FILE: the key is not that of the certificate");
  }
  return { cert, key };
}

/** What `read` returns; its error may hold what the file does, and is not told. */
function understood<T>(otherwise: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new WrongSettings(otherwise);
  }
}
