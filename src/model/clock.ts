/** The time in epoch ms, given from outside so that tests can hold it. */
export type Clock = () => number;

/** The machine's own clock. */
export const systemClock: Clock = () => Date.now();
