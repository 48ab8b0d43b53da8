import { Component, createRef } from "preact";
import type { Board } from "../gen/score/v1/admin_pb.js";
import { type Choice, limitOf, searchOf } from "./choice.ts";

const limits = [5, 10, 20, 50, 100];

export interface ChooserProps {
  readonly choice: Choice;
  /** The game's boards; empty while not known. */
  readonly boards: readonly Board[];
  /** Read only when the chooser is drawn. */
  readonly recentGames: () => readonly string[];
  /** Takes the fields as they are; returns what is wrong with `me`, or "". */
  readonly choose: (choice: Choice) => string;
}

/**
 * Game, board, length and "me". Drawn again only when the choice or the boards
 * change, never by a frame: what is being typed stays.
 */
export class Chooser extends Component<ChooserProps> {
  readonly #form = createRef<HTMLFormElement>();

  override shouldComponentUpdate(next: ChooserProps): boolean {
    return next.choice !== this.props.choice || next.boards !== this.props.boards;
  }

  override componentDidMount(): void {
    this.#fill(true);
  }

  override componentDidUpdate(before: ChooserProps): void {
    this.#fill(before.choice !== this.props.choice);
  }

  override render() {
    const { choice, boards, recentGames } = this.props;
    const isListed = boards.some(({ boardId }) => boardId === choice.boardId);
    return (
      <form id="chooser" ref={this.#form} onSubmit={this.#submitted}>
        <label>
          Game
          <input name="game" list="games" required autocomplete="off" spellcheck={false} />
        </label>
        <datalist id="games">
          {recentGames().map((game) => (
            <option key={game} value={game} />
          ))}
        </datalist>
        <label>
          Board
          <select name="board" onChange={this.#chosen}>
            {!isListed && (choice.boardId !== "" || boards.length === 0) && (
              <option value={choice.boardId}>{choice.boardId || "First board"}</option>
            )}
            {boards.map(({ boardId, title }) => (
              <option key={boardId} value={boardId}>
                {title || boardId}
              </option>
            ))}
          </select>
        </label>
        <label>
          Entries
          <select name="limit" onChange={this.#chosen}>
            {[...new Set([...limits, choice.limit])]
              .sort((one, other) => one - other)
              .map((limit) => (
                <option key={limit} value={String(limit)}>
                  {`Top ${limit}`}
                </option>
              ))}
          </select>
        </label>
        <label>
          Me
          <input
            name="me"
            placeholder="id or token"
            autocomplete="off"
            spellcheck={false}
            onInput={this.#typed}
          />
        </label>
        <div class="acts">
          <button type="submit">Show</button>
          <a href={searchOf({ ...choice, display: "tv" })}>TV view</a>
        </div>
      </form>
    );
  }

  /** Fields are the browser's own; only a new choice overwrites what stands in the text fields. */
  #fill(isNewChoice: boolean): void {
    const { choice, boards } = this.props;
    const form = this.#form.current;
    if (form === null) return;
    const set = (name: string, value: string) => {
      const field = form.elements.namedItem(name);
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) {
        field.value = value;
      }
    };
    set("board", choice.boardId || (boards[0]?.boardId ?? ""));
    if (!isNewChoice) return;
    set("game", choice.gameId);
    set("limit", String(choice.limit));
    set("me", choice.me);
  }

  readonly #typed = (event: Event) => {
    if (event.currentTarget instanceof HTMLInputElement) event.currentTarget.setCustomValidity("");
  };

  readonly #chosen = () => this.#form.current?.requestSubmit();

  readonly #submitted = (event: Event) => {
    event.preventDefault();
    const form = this.#form.current;
    if (form === null) return;
    const { choice, boards, choose } = this.props;
    const fields = new FormData(form);
    const text = (name: string) => String(fields.get(name) ?? "").trim();
    const gameId = text("game");
    // The first board stays unnamed until another was chosen; another game has other boards.
    const boardId =
      gameId !== choice.gameId || (!choice.boardId && text("board") === boards[0]?.boardId)
        ? ""
        : text("board");
    const problem = choose({
      ...choice,
      gameId,
      boardId,
      limit: limitOf(text("limit")),
      me: text("me"),
    });
    const me = form.elements.namedItem("me");
    if (!problem || !(me instanceof HTMLInputElement)) return;
    me.setCustomValidity(problem);
    me.reportValidity();
  };
}
