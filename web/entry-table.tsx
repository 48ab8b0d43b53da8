import { Component, type ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Glider } from "./glider.ts";
import type { Row } from "./rows.ts";
import { digitsOf, movementText, numberText } from "./text.ts";

interface EntryTableProps {
  readonly id: string;
  readonly caption: ComponentChildren;
  /** Undefined: not known yet. */
  readonly rows: readonly Row[] | undefined;
  /** Said in place of rows when there are none. */
  readonly empty: string;
  readonly hidden?: boolean;
}

/** Ranked rows that glide to their places. All text from outside becomes text nodes. */
export function EntryTable({ id, caption, rows, empty, hidden }: EntryTableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const glider = useRef<Glider>(undefined);
  useLayoutEffect(() => {
    if (body.current) glider.current = new Glider(body.current);
  }, []);
  useLayoutEffect(
    () => glider.current?.settle(rows?.map(({ playerId }) => playerId) ?? []),
    [rows],
  );
  return (
    <table
      id={id}
      class="entries"
      hidden={hidden}
      style={{
        "--rank-digits": String(widest(rows, ({ rank }) => rank)),
        "--score-digits": String(widest(rows, ({ score }) => score)),
      }}
    >
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col" class="rank">
            <span class="head">Rank</span>
          </th>
          <th scope="col" class="move">
            <span class="unseen">Movement in the last minute</span>
          </th>
          <th scope="col" class="name">
            <span class="head">Player</span>
          </th>
          <th scope="col" class="score">
            <span class="head">Score</span>
          </th>
        </tr>
      </thead>
      <tbody ref={body}>
        {rows?.map((row) => (
          <EntryRow key={row.playerId} row={row} />
        ))}
        {rows?.length === 0 && (
          <tr key=" ">
            <td colSpan={4} class="empty">
              {empty}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

/** The length of the longest number: columns are as wide as they must be, and don't move with every frame. */
function widest(rows: readonly Row[] = [], number: (row: Row) => number | bigint): number {
  return rows.reduce((most, row) => Math.max(most, digitsOf(number(row))), 0);
}

/** Rows that look the same are the same object (see `Rows`), so most rows of a frame cost one comparison. */
class EntryRow extends Component<{ readonly row: Row }> {
  override shouldComponentUpdate(next: { readonly row: Row }): boolean {
    return next.row !== this.props.row;
  }

  override render() {
    const { row } = this.props;
    const { sign, words } = movementText(row.movement);
    return (
      <tr
        class={row.tie && `tie tie-${row.tie}`}
        data-player={row.playerId}
        data-rank={String(row.rank)}
        data-score={String(row.score)}
        data-updated-at={String(row.updatedAt)}
        data-me={row.isMe ? "" : undefined}
      >
        <td class="rank">{numberText(row.rank)}</td>
        <td class={`move ${directionOf(row)}`}>
          <span aria-hidden="true">{sign}</span>
          {words && <span class="unseen">{words}</span>}
        </td>
        <th scope="row" class="name" title={row.name}>
          {/* First: a long name is cut at its end. */}
          {row.isMe && <span class="you">you</span>}
          {row.isMe && " "}
          <bdi>{row.name}</bdi>
        </th>
        <td class="score">
          {numberText(row.score)}
          {row.tie && <span class="unseen"> tied</span>}
        </td>
      </tr>
    );
  }
}

function directionOf({ movement }: Row): string {
  if (movement === "new") return "new";
  return movement === undefined || movement === 0 ? "" : movement > 0 ? "up" : "down";
}
