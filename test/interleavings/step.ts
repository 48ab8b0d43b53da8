import fc from "fast-check";

/** Something that a scenario does, and how many turns are taken before the next. */
export function step<K extends string, T extends object>(
  kind: K,
  fields: { [P in keyof T]: fc.Arbitrary<T[P]> },
): fc.Arbitrary<{ readonly kind: K; readonly turns: number } & Readonly<T>> {
  return fc.record({ kind: fc.constant(kind), turns: fc.nat(12), ...fields }) as never;
}

/** Up to `maxLength` of what may happen. */
export const stepsOf = <S>(one: fc.Arbitrary<S>, maxLength: number): fc.Arbitrary<S[]> =>
  fc.array(one, { maxLength, size: "max" });
