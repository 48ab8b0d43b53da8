/** The watches of one board that the service, and what stands beside it, are measured with. */
export const audience = { connections: 20, watchesPerConnection: 100 } as const;
export const watchCount = audience.connections * audience.watchesPerConnection;

/** Entries of each frame. */
export const limit = 10;

/** So short that it does not bound the rate of frames. */
export const tickMs = 5;
/** The same as a setting of the service. */
export const shortTick = { SCORE_TICK_MS: String(tickMs) } as const;
