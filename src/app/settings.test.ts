import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WrongSettings } from "./environment.ts";
import { readSettings, settingNames } from "./settings.ts";

const secret = "s".repeat(32);
const jwks = "https://id.example/keys";

/** The one line that an operator is told. */
function refusal(env: NodeJS.ProcessEnv): string {
  try {
    readSettings(env);
  } catch (error) {
    assert.ok(error instanceof WrongSettings, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  throw new Error(`${JSON.stringify(env)} was taken`);
}

const wrongPorts = ["-1", "65536", "80.5", "http", " ", "0x10", "1e3"];
const wrongLimits = ["-1", "1.5", "many", " ", "1000000001", "Infinity"];
const wrongCounts = ["0", ...wrongLimits];

/** Values that a setting must not have. */
const wrongValues: Record<string, readonly string[]> = {
  DATABASE_URL: ["nonsense", "mysql://db/score", "http://db"],
  REDIS_URL: ["nonsense", "http://redis", "redis://a:6379,nonsense", ",", " "],
  SCORE_GRPC_PORT: wrongPorts,
  SCORE_HTTP_PORT: wrongPorts,
  SCORE_HOST: [" ", "local host"],
  SCORE_JWT_SECRET: ["short", "s".repeat(31)],
  SCORE_JWKS_URL: [
    "nonsense",
    "ftp://id.example/keys",
    "/etc/keys.json",
    "https://me@id.example/keys",
    "https://:password@id.example/keys",
  ],
  SCORE_JWT_ALGORITHMS: ["none", "HS256,none", "hs256", "RS256", ",", " "],
  SCORE_ANONYMOUS_READ: ["yes", "1", "TRUE", " "],
  SCORE_ANONYMOUS_CALLS_PER_SECOND: wrongLimits,
  SCORE_PLAYER_UPDATES_PER_SECOND: wrongLimits,
  SCORE_PLAYER_MAX_SKEW_SECONDS: wrongCounts,
  SCORE_TICK_MS: wrongCounts,
  SCORE_REMEMBER_DAYS: wrongCounts,
  SCORE_WORKERS: [...wrongCounts, "257"],
  SCORE_MAX_WATCHES: wrongCounts,
  SCORE_MAX_WATCHES_PER_CALLER: wrongLimits,
  SCORE_MAX_QUEUED_EVENTS: wrongCounts,
  SCORE_MAX_BATCH_EVENTS: [...wrongCounts, "5001"],
  SCORE_TRUSTED_PROXIES: [
    "localhost",
    "10.0.0.0/33",
    "::1/129",
    "10.0.0.0/",
    "10.0.0/8",
    "1.2.3.4,x",
  ],
  SCORE_CORS_ORIGINS: ["nonsense", "*", "https://a.example/", "https://a.example,b.example"],
  SCORE_LOG_LEVEL: ["loud", "INFO", "info,debug"],
};

/** Any text will do, or the file itself is what may be wrong. */
const freeSettings = [
  "SCORE_DATA_DIR",
  "SCORE_JWT_ISSUER",
  "SCORE_JWT_AUDIENCE",
  "SCORE_TLS_CERT_FILE",
  "SCORE_TLS_KEY_FILE",
];

describe("a wrong value", () => {
  it("is tried here for every setting that has any", () => {
    assert.deepEqual(
      [...Object.keys(wrongValues), ...freeSettings].sort(),
      settingNames.toSorted(),
    );
  });

  for (const [name, values] of Object.entries(wrongValues)) {
    for (const value of values) {
      it(`is named in one line: ${name}=${JSON.stringify(value)}`, () => {
        const message = refusal({ [name]: value });
        assert.ok(message.startsWith(`${name}: `), message);
        assert.ok(message.length > name.length + 5, message);
      });
    }
  }

  it("is not repeated where it may hold a password", () => {
    assert.doesNotMatch(refusal({ DATABASE_URL: "mysql://me:hunter2@db" }), /hunter2/);
    assert.doesNotMatch(refusal({ REDIS_URL: "http://me:hunter2@db" }), /hunter2/);
    assert.doesNotMatch(refusal({ SCORE_JWT_SECRET: "hunter2" }), /hunter2/);
  });

  it("is told of the first setting when several are wrong", () => {
    const message = refusal({ SCORE_TICK_MS: "x", SCORE_GRPC_PORT: "x" });
    assert.match(message, /^SCORE_GRPC_PORT: /);
  });
});

describe("a name", () => {
  it("that starts with SCORE_ must be a setting's", () => {
    for (const name of ["SCORE_PORT", "SCORE_", "SCORE_grpc_port", "SCORE_JWT_SECRETS"]) {
      for (const value of ["1", ""]) {
        const message = refusal({ [name]: value });
        assert.equal(message, `${name} is not a setting; the README has a table of them`);
      }
    }
  });

  it("of something else is nothing to the service", () => {
    assert.deepEqual(readSettings({ PATH: "/bin", MY_SCORE_X: "1" }), readSettings({}));
  });
});

describe("settings that exclude or need each other", () => {
  it("a secret and public keys", () => {
    const message = refusal({ SCORE_JWT_SECRET: secret, SCORE_JWKS_URL: jwks });
    assert.equal(message, "set SCORE_JWT_SECRET or SCORE_JWKS_URL, not both");
  });

  it("a certificate and its key", () => {
    const both = "set both SCORE_TLS_CERT_FILE and SCORE_TLS_KEY_FILE, or neither";
    assert.equal(refusal({ SCORE_TLS_CERT_FILE: "a" }), both);
    assert.equal(refusal({ SCORE_TLS_KEY_FILE: "a" }), both);
    assert.equal(refusal({ SCORE_TLS_KEY_FILE: "a", SCORE_TLS_CERT_FILE: "" }), both);
    readSettings({ SCORE_TLS_CERT_FILE: "a", SCORE_TLS_KEY_FILE: "b" });
  });

  it("workers and what only one process can hold", () => {
    const servers = { DATABASE_URL: "postgres://db/score", REDIS_URL: "redis://cache" };
    const env = { SCORE_WORKERS: "2", ...servers };
    assert.equal(readSettings(env).SCORE_WORKERS, 2);
    for (const missing of ["DATABASE_URL", "REDIS_URL"]) {
      assert.match(refusal({ ...env, [missing]: "" }), /^SCORE_WORKERS needs DATABASE_URL and /);
    }
    readSettings({ SCORE_WORKERS: "1" });
  });

  it("public keys and algorithms of a shared secret", () => {
    for (const algorithms of ["HS256", "HS384", "HS512", "RS256,HS256", "none"]) {
      const env = { SCORE_JWKS_URL: jwks, SCORE_JWT_ALGORITHMS: algorithms };
      assert.match(refusal(env), /^SCORE_JWT_ALGORITHMS: (HS\d+|none) is not one of RS256, /);
    }
  });

  it("a shared secret and algorithms of public keys", () => {
    for (const env of [{ SCORE_JWT_SECRET: secret }, {}]) {
      const message = refusal({ ...env, SCORE_JWT_ALGORITHMS: "HS256,ES256" });
      assert.match(message, /^SCORE_JWT_ALGORITHMS: ES256 is not one of HS256, /);
    }
  });
});

describe("trusted proxies", () => {
  it("are addresses and networks of both kinds", () => {
    const given = "127.0.0.1, ::1,10.0.0.0/8, fd00::/8";
    const { SCORE_TRUSTED_PROXIES } = readSettings({ SCORE_TRUSTED_PROXIES: given });
    assert.deepEqual(SCORE_TRUSTED_PROXIES, ["127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8"]);
  });
});

describe("settings that are left out", () => {
  const defaults = {
    SCORE_GRPC_PORT: 50_051,
    SCORE_HTTP_PORT: 8_080,
    SCORE_HOST: "127.0.0.1",
    SCORE_WORKERS: 1,
    SCORE_DATA_DIR: "./data",
    SCORE_ANONYMOUS_READ: true,
    SCORE_ANONYMOUS_CALLS_PER_SECOND: 100,
    SCORE_PLAYER_UPDATES_PER_SECOND: 5,
    SCORE_PLAYER_MAX_SKEW_SECONDS: 300,
    SCORE_TICK_MS: 50,
    SCORE_MAX_WATCHES: 20_000,
    SCORE_MAX_WATCHES_PER_CALLER: 1_000,
    SCORE_MAX_QUEUED_EVENTS: 20_000,
    SCORE_MAX_BATCH_EVENTS: 512,
    SCORE_REMEMBER_DAYS: 90,
    SCORE_TRUSTED_PROXIES: [],
    SCORE_CORS_ORIGINS: [],
    SCORE_LOG_LEVEL: "info",
    algorithms: ["HS256"],
  };

  it("have the defaults of the README", () => {
    assert.deepEqual(readSettings({}), defaults);
  });

  it("may be there and empty", () => {
    assert.deepEqual(
      readSettings(Object.fromEntries(settingNames.map((name) => [name, ""]))),
      defaults,
    );
  });

  it("leave public keys every algorithm of public keys", () => {
    const { algorithms } = readSettings({ SCORE_JWKS_URL: jwks });
    assert.deepEqual(algorithms, ["RS256", "PS256", "ES256", "EdDSA"]);
  });
});

describe("settings that are given", () => {
  it("are numbers within their bounds", () => {
    const names = settingNames.filter((name) => wrongValues[name]?.includes("1.5"));
    assert.equal(names.length, 10);
    for (const name of names)
      assert.partialDeepStrictEqual(readSettings({ [name]: "1" }), { [name]: 1 });
    const env = {
      SCORE_GRPC_PORT: "0",
      SCORE_HTTP_PORT: "65535",
      SCORE_PLAYER_UPDATES_PER_SECOND: "0",
      SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
      SCORE_MAX_BATCH_EVENTS: "5000",
    };
    const numbers = Object.fromEntries(Object.entries(env).map(([n, text]) => [n, Number(text)]));
    assert.partialDeepStrictEqual(readSettings(env), numbers);
  });

  it("may be lists, with blanks around their parts", () => {
    const settings = readSettings({
      REDIS_URL: "redis://a:7000, rediss://b:7001,",
      SCORE_CORS_ORIGINS: "https://a.example , http://localhost:5173,capacitor://localhost",
      SCORE_JWT_ALGORITHMS: " HS512,HS256",
    });
    assert.deepEqual(settings.REDIS_URL, ["redis://a:7000", "rediss://b:7001"]);
    const origins = ["https://a.example", "http://localhost:5173", "capacitor://localhost"];
    assert.deepEqual(settings.SCORE_CORS_ORIGINS, origins);
    assert.deepEqual(settings.algorithms, ["HS512", "HS256"]);
  });

  it("may be addresses of Postgres, of Redis and of keys", () => {
    for (const [name, values] of [
      ["DATABASE_URL", ["postgres://me:pw@db:5432/score", "postgresql://db/score"]],
      ["SCORE_JWKS_URL", [jwks, "http://127.0.0.1:1/keys", "file:///etc/keys.json"]],
    ] as const) {
      for (const value of values) {
        assert.partialDeepStrictEqual(readSettings({ [name]: value }), { [name]: value });
      }
    }
  });

  it("may close the boards to strangers", () => {
    assert.equal(readSettings({ SCORE_ANONYMOUS_READ: "false" }).SCORE_ANONYMOUS_READ, false);
    assert.equal(readSettings({ SCORE_ANONYMOUS_READ: "true" }).SCORE_ANONYMOUS_READ, true);
  });
});
