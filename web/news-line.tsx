import type { Headline } from "./news.ts";
import { numberText } from "./text.ts";

/** The spoken summary. Only here are changes of the board announced, and not often. */
export function NewsLine({ headline }: { readonly headline: Headline | undefined }) {
  return (
    <p id="news" class="unseen" aria-live="polite" aria-atomic="true">
      {headline && (
        <>
          <bdi>{headline.leader}</bdi> leads with {numberText(headline.score)}
          {movedText(headline.moved)}
        </>
      )}
    </p>
  );
}

/** Null rather than an empty text, which would be written anew with every frame. */
function movedText(moved: number): string | null {
  if (moved === 0) return null;
  return `; ${moved} ${moved === 1 ? "change" : "changes"} in the top 10`;
}
