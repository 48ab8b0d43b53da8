import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import type { Identity } from "../access/identity.ts";
import type { RateLimits } from "../access/rate-limits.ts";
import type { TokenVerifier } from "../access/token-verifier.ts";
import type { Clock } from "../model/clock.ts";
import { isScoreError, ScoreError } from "../model/score-error.ts";
import { StacklessError } from "../model/stackless-error.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Call } from "../service/rooms.ts";
import { toWireError, type WireError } from "./wire-error.ts";

/** A call as a lane received it. */
export interface Incoming {
  readonly lane: "grpc" | "web";
  /** `UpdateScore` */
  readonly method: string;
  /** The header of that name. */
  readonly authorization: string | undefined;
  readonly address: string;
  /** For how many ms the caller waits; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

interface GuardOptions {
  readonly verifier: TokenVerifier;
  readonly limits: RateLimits;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Monotonic. */
  readonly now: Clock;
}

/** An error that is ready to leave through a lane. */
export class RefusedCall extends StacklessError {
  readonly wire: WireError;

  constructor(wire: WireError, cause: unknown) {
    super(wire.message, { cause });
    this.name = "RefusedCall";
    this.wire = wire;
  }
}

/** What every call passes, whichever lane it came by: identity, rate limit, metrics, log, errors. */
export class Guard {
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Runs a call to its end, for a stream that of the stream; rejects with a RefusedCall only. */
  async run<T>(incoming: Incoming, handle: (call: Call) => Promise<T>): Promise<T> {
    const began = this.#options.now();
    try {
      const { address, timeoutMs, signal } = incoming;
      const deadline = timeoutMs === undefined ? undefined : began + timeoutMs;
      const identity = await this.#identify(incoming);
      const verifyAgain = async () => {
        const token = tokenOf(incoming);
        if (token !== undefined) await this.#options.verifier.verifyAnew(token);
      };
      const result = await handle({ identity, verifyAgain, address, deadline, signal });
      this.#ended(incoming, "OK", began);
      return result;
    } catch (error) {
      const refused = this.refuse(incoming.method, error);
      this.#ended(incoming, codeName(refused.wire.code), began);
      throw refused;
    }
  }

  /** The error as callers may see it; what they may not see goes to the log. */
  refuse(method: string, error: unknown): RefusedCall {
    const { metrics, log } = this.#options;
    const reference = isScoreError(error) ? "" : randomUUID();
    metrics.refused(method, isScoreError(error) ? error.code : "internal");
    if (reference !== "") {
      metrics.failedUnexpectedly();
      log.error({ reference, method, err: error }, "internal error");
    }
    return new RefusedCall(toWireError(error, reference), error);
  }

  async #identify(incoming: Incoming): Promise<Identity | undefined> {
    const { authorization, address } = incoming;
    const { verifier, limits, metrics } = this.#options;
    if (authorization === undefined) {
      await limits.anonymousCall(address);
      return undefined;
    }
    try {
      const token = tokenOf(incoming);
      if (token === undefined) {
        throw new ScoreError("unauthenticated", "authorization must be: Bearer <token>");
      }
      const known = verifier.remembered(token);
      if (known !== undefined) return known;
      await limits.tokenCheck(address);
      return await verifier.verify(token);
    } catch (error) {
      if (isScoreError(error, "unauthenticated")) {
        metrics.tokenRefused(tokenFault(error));
        await limits.anonymousCall(address);
      }
      throw error;
    }
  }

  #ended({ lane, method, address }: Incoming, code: string, began: number): void {
    const { metrics, log, now } = this.#options;
    const ms = now() - began;
    metrics.called(lane, method, code, ms / 1_000);
    if (log.isLevelEnabled("debug")) log.debug({ lane, method, code, ms, address }, "call");
  }
}

function tokenOf({ authorization = "" }: Incoming): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization)?.[1];
}

/** jose's code without its `ERR_`, or `claims` when the token is well signed and not a token of ours. */
function tokenFault({ cause }: Error): string {
  const code = /^ERR_(J\w+)$/.exec(String((cause as { code?: unknown } | undefined)?.code))?.[1];
  return code?.toLowerCase() ?? "claims";
}

function codeName(code: Code): string {
  return (Code[code] ?? String(code)).replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}
