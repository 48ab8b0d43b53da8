/** What more than one caller may be sent: a mark on the message itself, wherever it goes. */
const shared = new WeakSet<object>();

/** `make`, done once for all who are sent what is made of the same object. */
export function madeOnce<K extends object, T>(make: (of: K) => T): (of: K) => T {
  const made = new WeakMap<K, { readonly value: T }>();
  return (of) => {
    let known = made.get(of);
    if (known === undefined) {
      known = { value: make(of) };
      made.set(of, known);
    }
    return known.value;
  };
}

/** The message, marked as one that more than one caller may be sent. */
export function sharedByMany<M extends object>(message: M): M {
  shared.add(message);
  return message;
}

/** `make`, done once for each message that is shared; keeping the others would only cost. */
export function madeOnceIfShared<M extends object, T>(make: (of: M) => T): (of: M) => T {
  const once = madeOnce(make);
  return (message) => (shared.has(message) ? once(message) : make(message));
}
