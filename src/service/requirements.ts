import { type FieldViolation, ScoreError } from "../model/score-error.ts";

/** The greatest score and points: Redis ranks by doubles, which are exact up to here. */
export const maxPoints = BigInt(Number.MAX_SAFE_INTEGER);

const identifier = /^[A-Za-z0-9\-_.:@]{1,128}$/;
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

  refuse(field: string, description: string): void {
    this.#violations.push({ field, description });
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
    if (value === "" || [...value].length > 64 || control.test(value) || !value.isWellFormed()) {
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
    if (this.#violations.length === 0) return;
    const violations = this.#violations.slice(0, maxNamed);
    const list = violations.map(({ field, description }) => `${field} ${description}`);
    const others = this.#violations.length - violations.length;
    if (others > 0) list.push(`and ${others} more`);
    throw new ScoreError("invalid_request", list.join("; "), { violations });
  }
}
