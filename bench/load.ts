/** A load that runs from its start until `end`; it counts from `begin` on. */
export interface Load<R> {
  begin(): void;
  /** Tells what came since `begin`, after everything under way has ended and is closed. */
  end(): Promise<R>;
}

/** What the bench tells a load process. */
export type LoadCommand<O> =
  | { readonly step: "start"; readonly options: O }
  | { readonly step: "begin" }
  | { readonly step: "end" };

/** What a load process answers, to each step once. */
export interface LoadAnswer<R> {
  /** CPU seconds of the load process since it began; in the answer to `end`. */
  readonly cpuSeconds?: number;
  readonly result?: R;
}

/**
 * Makes this process a load that the bench commands. Anything that throws ends
 * the process, and the bench notices; when the bench is gone, so is the load.
 */
export function serveLoad<O, R>(start: (options: O) => Promise<Load<R>>): void {
  let load: Load<R> | undefined;
  let began = process.cpuUsage();
  const answer = (message: LoadAnswer<R>) => process.send?.(message);
  const obey = async (command: LoadCommand<O>) => {
    if (command.step === "start") {
      load = await start(command.options);
      answer({});
    } else if (command.step === "begin") {
      load?.begin();
      began = process.cpuUsage();
      answer({});
    } else {
      const { user, system } = process.cpuUsage(began);
      const result = await load?.end();
      if (result !== undefined) answer({ cpuSeconds: (user + system) / 1e6, result });
    }
  };
  process.on("message", (command) => void obey(command as LoadCommand<O>));
  process.on("disconnect", () => process.exit());
}
