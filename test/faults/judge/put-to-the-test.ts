import { type History, isAcknowledged, type Participant, type Violation } from "./history.ts";

/** Everybody who took part got something to judge: what nobody saw proves nothing. */
export function checkPutToTheTest(history: History): Violation[] {
  return history.participants
    .filter((participant) => !hasSeen(history, participant))
    .map(({ role, name, boardId }) => ({
      promise: "put to the test",
      what: `the ${role} ${name}${boardId === undefined ? "" : ` of ${boardId}`} got nothing to judge`,
    }));
}

function hasSeen(history: History, { role, name, boardId }: Participant): boolean {
  const { attempts, states, reads, misuses } = history;
  if (role === "client") {
    return attempts.some(({ client, outcome }) => client === name && isAcknowledged(outcome));
  }
  if (role === "watcher") {
    return states.some((state) => state.watcher === name && state.boardId === boardId);
  }
  return role === "reader" ? reads.some(({ entries }) => entries.length > 0) : misuses.length > 0;
}
