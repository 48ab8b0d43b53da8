import { signToken } from "../../src/access/token-signer.ts";
import { type RunningService, startService } from "../../src/app/service.ts";
import { readSettings } from "../../src/app/settings.ts";
import type { Role } from "../../src/model/score-event.ts";
import type { Backend } from "./backends.ts";

/** What signs the tokens of the tests. */
export const testSecretText = "a secret that only the tests know of";
export const testSecret = new TextEncoder().encode(testSecretText);

/** A token that the test services take. */
export function tokenFor(
  role: Role,
  subject: string,
  game: string | readonly string[] = "*",
  expiresIn = "1h",
): Promise<string> {
  return signToken(testSecret, { role, subject, game, expiresIn });
}

/**
 * A service in this process on ports of its own, without the limit for calls
 * without a token, which all come from one address here.
 */
export function startTestService(
  backend: Backend,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  return startService(
    readSettings({
      SCORE_GRPC_PORT: "0",
      SCORE_HTTP_PORT: "0",
      SCORE_LOG_LEVEL: "silent",
      SCORE_JWT_SECRET: testSecretText,
      SCORE_ANONYMOUS_CALLS_PER_SECOND: "0",
      ...backend.env,
      ...env,
    }),
  );
}
