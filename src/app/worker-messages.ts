/** What a worker tells the primary process. */
export type FromWorker =
  /** It serves; the text greets whoever started the service. */
  | { readonly score: "serving"; readonly greeting: string }
  /** Somebody asks it for the figures of all. */
  | { readonly score: "figures"; readonly request: number }
  /** Its own, as prom-client's `getMetricsAsJSON` has them. */
  | { readonly score: "own figures"; readonly round: number; readonly metrics: object };

/** What the primary process tells a worker. */
export type ToWorker =
  | { readonly score: "stop" }
  | { readonly score: "figures"; readonly request: number; readonly text: string }
  /** It is to tell its own figures. */
  | { readonly score: "own figures"; readonly round: number };
