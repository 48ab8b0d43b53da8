/** A program that ended before it was of use, or never got there; the message holds the end of its output. */
export class LaunchError extends Error {
  /** Something that it needs was still taken: a port, or the memory of a killed predecessor. Trying again may help. */
  readonly busy: boolean;

  constructor(command: string, output: string) {
    super(`${command} did not start: ${output.slice(-2_000)}`);
    this.name = "LaunchError";
    this.busy = /address already in use|pre-existing shared memory block/i.test(output);
  }
}
