/** What a worker tells the primary process. */
export type FromWorker =
  /** It serves; the text greets whoever started the service. */
  | { readonly score: "serving"; readonly greeting: string }
  /** Somebody asks it for the figures of all. */
  | { readonly score: "figures"; readonly request: number };

/** What the primary process tells a worker. */
export type ToWorker =
  | { readonly score: "stop" }
  /** Without a text when not all workers told theirs. */
  | { readonly score: "figures"; readonly request: number; readonly text?: string };
