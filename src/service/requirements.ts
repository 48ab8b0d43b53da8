import { type FieldViolation, ScoreError } from "../model/score-error.ts";

/** The greatest score and points: Redis ranks by doubles, which are exact up to here. */
export const maxPoints = BigInt(Number.MAX_SAFE_INTEGER);

/** In characters. */
export const maxIdentifierLength = 128;
const identifier = /^[A-Za-z0-9\-_.:@]{1,128}$/;
/** In characters, of which some take two places in a string. */
const maxNameLength = 64;
// Control characters, and line and paragraph separators, which act as such.
const control = /[\p{Cc}\u2028\u2029]/u;

/**
 * How many wrong fields an error names. It goes out as headers, some 230 bytes for
 * each, and clients refuse more than 8 KiB of them.
 */
const maxNamed = 20;

/** Collects every wrong field of a request, so that a client learns of many at once. */
export class Requirements {
  readonly #violations: FieldViolation[] = [];
  #others = 0;

  refuse(field: string, description: string): void {
    if (this.#violations.length < maxNamed) this.#violations.push({ field, description });
    else this.#others += 1;
  }

  identifier(field: string, value: string): void {
    if (value === "") this.refuse(field, "is required");
    else if (!identifier.test(value)) {
      this.refuse(field, "must have 1 to 128 characters out of letters, digits and -_.:@");
    }
  }

  optionalIdentifier(field: string, value: string): void {
    if (value !== "") this.identifier(field, value);
  }

  name(field: string, value: string): void {
    const isTooLong = value.length > 2 * maxNameLength || [...value].length > maxNameLength;
    if (value === "" || isTooLong || control.test(value) || !value.isWellFormed()) {
      this.refuse(field, "must have 1 to 64 characters without control characters");
    }
  }

  points(field: string, value: bigint): void {
    if (value > maxPoints || value < -maxPoints) this.refuse(field, "must be within ±(2^53 − 1)");
  }

  within(field: string, value: number, least: number, most: number): void {
    if (value < least || value > most) this.refuse(field, `must be ${least} to ${most}`);
  }

  /** One of the contract's words; undefined stands for another. */
  known(field: string, value: string | undefined): void {
    if (value === undefined) this.refuse(field, "is not one of the contract's");
  }

  /** Throws `invalid_request` with what was refused: the first 20, and how many more there are. */
  check(): void {
    const violations = this.#violations;
    if (violations.length === 0) return;
    const list = violations.map(({ field, description }) => `${field} ${description}`);
    if (this.#others > 0) list.push(`and ${this.#others} more`);
    throw new ScoreError("invalid_request", list.join("; "), { violations });
  }
}
