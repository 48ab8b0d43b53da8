/** `away`: nobody looks. `woken`: somebody looks, or the machine or network is back: old lines are suspect. */
export type PresenceChange = "away" | "woken";

/** A tab hidden for so long counts as left, in ms: switching to and fro costs nothing. */
const leaveMs = 4_000;
/** The clock is looked at this often, in ms. */
const lookMs = 1_000;
/** Timers this late mean that the machine slept, in ms. */
const sleptMs = 4_000;

export interface PresenceOptions {
  /** The document: says `visibilitychange`. */
  readonly page: EventTarget & { readonly hidden: boolean };
  /** The window: says `online` and `pageshow`. */
  readonly machine: EventTarget;
  /** Epoch ms; goes on while the machine sleeps. */
  readonly clock: () => number;
}

/**
 * Knows whether anybody looks at the page, and notices a machine that slept
 * by its clock. Costs a look at the clock each second while someone is there,
 * nothing while the page is left.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #listeners = new Set<(change: PresenceChange) => void>();
  readonly #stop = new AbortController();
  #isAway: boolean;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;
  #lookedAt = 0;

  constructor(options: PresenceOptions) {
    this.#options = options;
    const { page, machine } = options;
    const { signal } = this.#stop;
    this.#isAway = page.hidden;
    if (!this.#isAway) this.#look();
    page.addEventListener("visibilitychange", () => this.#turned(), { signal });
    machine.addEventListener("online", () => this.#wake(), { signal });
    // It also ends every first load: only a page that was kept aside has slept.
    const shown = (event: Event & { persisted?: boolean }) => event.persisted && this.#wake();
    machine.addEventListener("pageshow", shown, { signal });
  }

  /** Nobody looks: nothing is to be fetched or drawn. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Calls `listener` at each change until the returned function is called. */
  on(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#stop.abort();
    this.#listeners.clear();
    clearTimeout(this.#leaving);
    clearInterval(this.#looking);
  }

  #turned(): void {
    clearTimeout(this.#leaving);
    if (!this.#options.page.hidden) {
      this.#wake();
      return;
    }
    this.#leaving = setTimeout(() => {
      this.#isAway = true;
      clearInterval(this.#looking);
      this.#tell("away");
    }, leaveMs);
  }

  #wake(): void {
    if (this.#options.page.hidden) return;
    if (this.#isAway) this.#look();
    this.#isAway = false;
    this.#tell("woken");
  }

  #look(): void {
    const { clock } = this.#options;
    this.#lookedAt = clock();
    clearInterval(this.#looking);
    this.#looking = setInterval(() => {
      const late = clock() - this.#lookedAt - lookMs;
      this.#lookedAt = clock();
      if (late > sleptMs) this.#wake();
    }, lookMs);
  }

  #tell(change: PresenceChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}
