import { z } from "zod";
import { logLevels } from "../ops/log.ts";
import { list, readEnvironment, WrongSettings } from "./environment.ts";

/** Digits only: a blank must not pass for 0, which is "no limit" in places. */
const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^-?\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const port = whole(0, 65_535);
const count = (least: number) => whole(least, 1_000_000_000);
/** As browsers send it: scheme, host and port, without a path. */
const origin = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#A-Z]+$/, "must be origins such as https://example.com");
/** An address, or a network such as 10.0.0.0/8. */
const network = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  "must be addresses or networks such as 10.0.0.0/8",
);
const flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** `fetch` refuses such an address in words that hold the password. */
function isWithoutCredentials(url: string): boolean {
  const address = URL.parse(url);
  return !address?.username && !address?.password;
}

const asymmetric = "RS256,PS256,ES256,EdDSA";

/** The environment variables, with what they mean and their defaults; the README's table repeats them. */
const environment = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: list.pipe(z.array(z.url({ protocol: /^rediss?$/ })).min(1)).optional(),
  SCORE_GRPC_PORT: port.default(50_051),
  SCORE_HTTP_PORT: port.default(8_080),
  SCORE_HOST: z.string().regex(/^\S+$/, "must be an address or a host name").default("127.0.0.1"),
  SCORE_WORKERS: whole(1, 256).default(1),
  SCORE_DATA_DIR: z.string().min(1).default("./data"),
  SCORE_JWT_SECRET: z.string().min(32, "must have at least 32 characters").optional(),
  SCORE_JWKS_URL: z
    .url({ protocol: /^(https?|file)$/ })
    .refine(isWithoutCredentials, "must not have a user or password, which are not sent")
    .optional(),
  SCORE_JWT_ALGORITHMS: list.pipe(z.array(z.string()).min(1)).optional(),
  SCORE_JWT_ISSUER: z.string().min(1).optional(),
  SCORE_JWT_AUDIENCE: z.string().min(1).optional(),
  SCORE_ANONYMOUS_READ: flag.default(true),
  SCORE_ANONYMOUS_CALLS_PER_SECOND: count(0).default(100),
  SCORE_PLAYER_UPDATES_PER_SECOND: count(0).default(5),
  SCORE_PLAYER_MAX_SKEW_SECONDS: count(1).default(300),
  SCORE_TICK_MS: count(1).default(50),
  SCORE_MAX_WATCHES: count(1).default(20_000),
  SCORE_MAX_WATCHES_PER_CALLER: count(0).default(1_000),
  SCORE_MAX_QUEUED_EVENTS: count(1).default(20_000),
  SCORE_MAX_BATCH_EVENTS: whole(1, 5_000).default(512),
  SCORE_REMEMBER_DAYS: whole(1, 36_500).default(90),
  SCORE_TRUSTED_PROXIES: list.pipe(z.array(network)).default([]),
  SCORE_CORS_ORIGINS: list.pipe(z.array(origin)).default([]),
  SCORE_TLS_CERT_FILE: z.string().min(1).optional(),
  SCORE_TLS_KEY_FILE: z.string().min(1).optional(),
  SCORE_LOG_LEVEL: z.enum(logLevels).default("info"),
});

/** Every variable that the service reads. */
export const settingNames = Object.keys(environment.shape);

export type Environment = z.infer<typeof environment>;

/** Everything an operator can set, checked. */
export interface Settings extends Environment {
  readonly algorithms: readonly string[];
}

/** Throws WrongSettings with one line that names the setting. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const settings = readEnvironment(environment, "SCORE_", env);
  if (settings.SCORE_JWT_SECRET !== undefined && settings.SCORE_JWKS_URL !== undefined) {
    throw new WrongSettings("set SCORE_JWT_SECRET or SCORE_JWKS_URL, not both");
  }
  if (
    (settings.SCORE_TLS_CERT_FILE === undefined) !==
    (settings.SCORE_TLS_KEY_FILE === undefined)
  ) {
    throw new WrongSettings("set both SCORE_TLS_CERT_FILE and SCORE_TLS_KEY_FILE, or neither");
  }
  if (settings.SCORE_WORKERS > 1 && !(settings.DATABASE_URL && settings.REDIS_URL)) {
    throw new WrongSettings(
      "SCORE_WORKERS needs DATABASE_URL and REDIS_URL: the embedded ledger and the ranking in memory belong to one process",
    );
  }
  return { ...settings, algorithms: algorithmsOf(settings) };
}

/** A shared secret and public keys never share an algorithm: that would let one pass for the other. */
function algorithmsOf(settings: Environment): readonly string[] {
  const isPublic = settings.SCORE_JWKS_URL !== undefined;
  const allowed = isPublic ? asymmetric.split(",") : ["HS256", "HS384", "HS512"];
  const wanted = settings.SCORE_JWT_ALGORITHMS ?? (isPublic ? allowed : ["HS256"]);
  const wrong = wanted.find((algorithm) => !allowed.includes(algorithm));
  if (wrong !== undefined) {
    throw new WrongSettings(`SCORE_JWT_ALGORITHMS: ${wrong} is not one of ${allowed.join(", ")}`);
  }
  return wanted;
}
