/** What an error says, and its cause; where all addresses of a name failed, what the first did. */
export function reasonOf(error: unknown): string {
  const words = wordsOf(error);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  return cause === undefined ? words : `${words} (${wordsOf(cause)})`;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message) return error.message;
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  return (error as NodeJS.ErrnoException).code ?? error.name;
}
