import type { JSONWebKeySet } from "jose";
import { RemoteKeys, type RemoteKeysOptions } from "../access/remote-keys.ts";
import { WrongSettings } from "./environment.ts";
import { readSettingFile } from "./setting-file.ts";
import type { Settings } from "./settings.ts";

/** Throws WrongSettings for a file that can't be read or holds no JSON; an address is asked later. */
export function publicKeys(url: URL, told: Omit<RemoteKeysOptions, "url">) {
  if (url.protocol !== "file:") return { remote: new RemoteKeys({ url, ...told }) };
  const text = readSettingFile("SCORE_JWKS_URL", url).toString();
  try {
    return { jwks: JSON.parse(text) as JSONWebKeySet };
  } catch {
    throw new WrongSettings("SCORE_JWKS_URL: the file is no JSON");
  }
}

/** Undefined without both settings; throws WrongSettings for a file that can't be read. */
export function tlsFiles({ SCORE_TLS_CERT_FILE: cert, SCORE_TLS_KEY_FILE: key }: Settings) {
  if (cert === undefined || key === undefined) return undefined;
  return {
    cert: readSettingFile("SCORE_TLS_CERT_FILE", cert),
    key: readSettingFile("SCORE_TLS_KEY_FILE", key),
  };
}
