import type { Line } from "./line.ts";
import { lineText } from "./text.ts";

interface LineStatusProps {
  readonly line: Line;
  readonly staleSince: number | undefined;
}

/** How the page stands with the service; screen readers say it when it changes. */
export function LineStatus({ line, staleSince }: LineStatusProps) {
  return (
    <p role="status" class="line" data-state={line.state}>
      {lineText(line, staleSince)}
    </p>
  );
}
