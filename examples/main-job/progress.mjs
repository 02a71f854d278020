/** Shows progress on standard error: a bar on a terminal, or occasional lines elsewhere. */

const WIDTH = 30;

/**
 * @param {number} total bytes to process
 * @param {{stream?: {isTTY?: boolean, write(text: string): unknown}, env?: NodeJS.ProcessEnv, now?: () =>
 * number}} [options]
 */
export function makeProgress(
  total,
  { stream = process.stderr, env = process.env, now = () => performance.now() } = {},
) {
  const isBar = stream.isTTY === true && !env.CI && env.TERM !== 'dumb';
  const start = now();
  let shownAt = start;
  let shownShare = 0;

  const bar = (share, text) => {
    const filled = Math.round(share * WIDTH);
    return `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${text}`;
  };

  return {
    /** Shows how much is done, at most a few times per second. It can be called at any rate. */
    update(done, files) {
      const time = now();
      const share = total === 0 ? 1 : done / total;
      const isDue = isBar ? time - shownAt > 80 : time - shownAt > 1000 && share - shownShare >= 0.1;
      if (!isDue) return;
      const text = `${Math.floor(share * 100)} %, ${files} files, ${((time - start) / 1000).toFixed(0)} s`;
      stream.write(isBar ? `\r${bar(share, text)}\u001b[K` : `${text}\n`);
      shownAt = time;
      shownShare = share;
    },
    /** Removes the bar. */
    end() {
      if (isBar) stream.write('\r\u001b[K');
    },
  };
}
