import type { BoardSession } from "./board-session.ts";
import type { Choice } from "./choice.ts";
import { Chooser, type ChooserProps } from "./chooser.tsx";
import { EntryTable } from "./entry-table.tsx";
import { LineStatus } from "./line-status.tsx";
import { NewsLine } from "./news-line.tsx";
import { RaceChart } from "./race-chart.tsx";
import { RateChart } from "./rate-chart.tsx";
import { playersText } from "./text.ts";

interface PageProps {
  readonly choice: Choice;
  readonly session: BoardSession;
  /** Changes with each session: what was drawn for one board is not kept for another. */
  readonly sessionKey: number;
  readonly recentGames: ChooserProps["recentGames"];
  readonly choose: ChooserProps["choose"];
  /** Epoch ms. */
  readonly now: number;
}

/** The whole page at one moment. */
export function Page({ choice, session, sessionKey, recentGames, choose, now }: PageProps) {
  const { line, frame, staleSince } = session.shown;
  const { gameId, boardId, limit, me, display } = choice;
  const rows = session.top(now);
  const board = boardId
    ? session.boards.find((board) => board.boardId === boardId)
    : session.boards[0];
  const boardName = board?.title || board?.boardId || boardId || "First board";
  return (
    <>
      <header>
        <h1>
          <bdi>{gameId}</bdi>
        </h1>
        <p class="board-name">
          <bdi>{boardName}</bdi>
          {frame && <span class="count">{playersText(frame.totalPlayers)}</span>}
        </p>
        <LineStatus line={line} staleSince={staleSince} />
      </header>
      {display === "page" && (
        <Chooser
          choice={choice}
          boards={session.boards}
          recentGames={recentGames}
          choose={choose}
        />
      )}
      <div class="stage" key={sessionKey}>
        <section class="mine" aria-label="Around me" hidden={me === ""}>
          <EntryTable
            key={me}
            id="around"
            caption={
              <>
                Around <bdi>{me}</bdi>
              </>
            }
            rows={session.around(now)}
            empty={`${me} is not on this board yet`}
            hidden={me === ""}
          />
        </section>
        <section class="leaders" aria-label="Top of the board" style={{ "--rows": String(limit) }}>
          <EntryTable id="top" caption={`Top ${limit}`} rows={rows} empty="No scores yet" />
        </section>
        <section class="charts" aria-label="Charts">
          <RaceChart history={session.race} version={session.pointsVersion} rows={rows} />
          <RateChart history={session.rate} version={session.pointsVersion} now={now} />
        </section>
      </div>
      <NewsLine headline={session.headline} />
    </>
  );
}
