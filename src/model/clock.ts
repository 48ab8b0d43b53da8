/** A time in ms, given from outside so that tests can hold it. */
export type Clock = () => number;

/** The time of day, in epoch ms: for what others date. It jumps when somebody sets the machine's clock. */
export const wallClock: Clock = () => Date.now();

/** The time since some moment, which only ever goes on: for how long something waits or lasts. */
export const monotonicClock: Clock = () => performance.now();
