const LOOK_MS = 20;

/** How long this process, in which the stub platform runs, has stood still: then its clients time out for no fault of theirs. */
export function watchStalls(): { /** The longest, ms. */ stop(): number } {
  let lastAt = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - lastAt - LOOK_MS);
    lastAt = now;
  }, LOOK_MS);
  return {
    stop() {
      clearInterval(timer);
      return Math.round(longest);
    },
  };
}
