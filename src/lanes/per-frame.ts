import type { Frame } from "../watch/frame.ts";

/** `make`, done once for all watchers that are sent the same frame. */
export function perFrame<T>(make: (frame: Frame) => T): (frame: Frame) => T {
  const made = new WeakMap<Frame, { readonly value: T }>();
  return (frame) => {
    let known = made.get(frame);
    if (known === undefined) {
      known = { value: make(frame) };
      made.set(frame, known);
    }
    return known.value;
  };
}
