import { setTimeout as sleep } from "node:timers/promises";

/** Waiting, given from outside as the clock is, so that tests decide when it ends. Times in ms. */
export interface Timers {
  /** Rejects when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once; returns how to call it off, which may be done at any time. */
  after(ms: number, callback: () => void): () => void;
  /** Calls back once, to tidy up, unless the process ends first: nobody waits for it. */
  tidyAfter(ms: number, callback: () => void): void;
  /** Calls back again and again until it is called off. */
  every(ms: number, callback: () => void): () => void;
  /** Calls back once what came in together has been handled. */
  soon(callback: () => void): void;
}

/** The machine's own. */
export const systemTimers: Timers = {
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  tidyAfter: (ms, callback) => void setTimeout(callback, ms).unref(),
  every(ms, callback) {
    const timer = setInterval(callback, ms);
    return () => clearInterval(timer);
  },
  soon: (callback) => void setImmediate(callback),
};
