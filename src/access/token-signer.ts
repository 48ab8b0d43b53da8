import { SignJWT } from "jose";
import type { Role } from "../model/score-event.ts";

/** What a token says. */
export interface TokenRequest {
  readonly subject: string;
  readonly role: Role;
  /** Game ids, or `*`. */
  readonly game: string | readonly string[];
  /** As jose takes it: `30d`, `2h`. */
  readonly expiresIn: string;
  /** HS256 when none is named. */
  readonly algorithm?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** A token signed with the shared secret. */
export function signToken(secret: Uint8Array, request: TokenRequest): Promise<string> {
  const jwt = new SignJWT({ role: request.role, game: request.game as string | string[] })
    .setProtectedHeader({ alg: request.algorithm ?? "HS256" })
    .setSubject(request.subject)
    .setIssuedAt()
    .setExpirationTime(request.expiresIn);
  if (request.issuer !== undefined) jwt.setIssuer(request.issuer);
  if (request.audience !== undefined) jwt.setAudience(request.audience);
  return jwt.sign(secret);
}
