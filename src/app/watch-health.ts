/** Keeps the health service's answer true: asks every second, one question at a time. */
export function watchHealth(isReady: () => Promise<boolean>, set: (isServing: boolean) => void) {
  let isClosed = false;
  let isAsking = false;
  const check = async () => {
    if (isAsking) return;
    isAsking = true;
    const isServing = await isReady().catch(() => false);
    isAsking = false;
    if (!isClosed) set(isServing);
  };
  const checked = check();
  const timer = setInterval(check, 1_000);
  return {
    /** Resolves with the first answer. */
    checked,
    /** Nothing is set any more, whatever is still asked. */
    close: () => {
      isClosed = true;
      clearInterval(timer);
    },
  };
}
