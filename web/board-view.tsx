import type { Entry } from "../gen/score/v1/score_pb.js";
import type { BoardRequest } from "./board-request.ts";
import type { Line } from "./line.ts";
import type { Shown } from "./watch.ts";

const number = new Intl.NumberFormat();

interface BoardViewProps extends Shown {
  readonly request: BoardRequest;
}

/** One live board: its name, the line's state and the table. All text from outside becomes text nodes. */
export function BoardView({ request, line, frame }: BoardViewProps) {
  return (
    <>
      <h1>{request.gameId}</h1>
      <p role="status" class={`line ${line.state}`}>
        {lineText(line)}
      </p>
      <table>
        <caption>
          {request.boardId || "First board"}, top {request.limit}
          {frame && ` of ${players(frame.totalPlayers)}`}
        </caption>
        <thead>
          <tr>
            <th scope="col" class="rank">
              Rank
            </th>
            <th scope="col" class="name">
              Player
            </th>
            <th scope="col" class="score">
              Score
            </th>
          </tr>
        </thead>
        <tbody>
          {frame?.entries.map((entry) => (
            <EntryRow key={entry.playerId} entry={entry} />
          ))}
          {frame?.entries.length === 0 && (
            <tr>
              <td colSpan={3} class="empty">
                No scores yet
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  );
}

function EntryRow({ entry }: { readonly entry: Entry }) {
  return (
    <tr>
      <td class="rank">{number.format(entry.rank)}</td>
      <th scope="row" class="name">
        <bdi>{entry.displayName || entry.playerId}</bdi>
      </th>
      <td class="score">{number.format(entry.score)}</td>
    </tr>
  );
}

function players(count: bigint): string {
  return `${number.format(count)} ${count === 1n ? "player" : "players"}`;
}

function lineText(line: Line): string {
  switch (line.state) {
    case "connecting":
      return "Connecting…";
    case "live":
      return "Live";
    case "reconnecting":
      return "Reconnecting…";
    case "missing":
      return "No such game or board yet — waiting";
    case "failing":
      return `${line.message} — trying again`;
    case "refused":
      return line.message;
  }
}
