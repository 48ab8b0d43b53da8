/** Keeps the health service's answer true. */
export function watchHealth(isReady: () => Promise<boolean>, set: (isServing: boolean) => void) {
  let isClosed = false;
  const check = async () => {
    const isServing = await isReady().catch(() => false);
    if (!isClosed) set(isServing);
  };
  let checking = check();
  const timer = setInterval(() => {
    checking = checking.then(check);
  }, 1_000);
  return {
    checked: () => checking,
    close: async () => {
      isClosed = true;
      clearInterval(timer);
      await checking;
    },
  };
}
