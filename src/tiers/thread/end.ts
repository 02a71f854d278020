/** The end of instances in the thread tier: of closed ones, and of those that were garbage collected. */

import { nativeTimeout } from '../call-options.js';
import { warnCollected } from '../collected.js';
import { endRoute } from '../routes.js';
import type { CallSite } from '../status.js';
import { ThreadControl } from './control.js';
import type { ThreadNative } from './native.js';
import { PendingDrop } from './pending.js';
import type { TimeoutWatch } from './timeouts.js';

/** The data that is needed to end an instance after it was garbage collected. */
export interface Left {
  readonly native: ThreadNative;
  readonly target: number;
  readonly generation: number;
  readonly token: number;
  readonly site: CallSite;
}

/** Ends instances that were garbage collected without being closed. */
export const collected = new FinalizationRegistry<Left>((left) => {
  warnCollected(left.site.plugin);
  void end(left, 0).catch(() => undefined);
});

/** Runs `drop` after all earlier calls of the instance. */
export function end(
  { native, target, generation, token, site }: Left,
  timeout: number,
  watch?: TimeoutWatch,
  tell?: (drop: PendingDrop) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const owner = {
      native,
      revoke: () => false,
      settled: () => {
        watch?.delete(drop);
        native.later(() => {
          native.flush();
          endRoute(token);
        });
      },
    };
    const drop = new PendingDrop(owner, site, resolve, reject);
    drop.timeout = timeout;
    drop.id = native.issue(drop);
    native.aim(target, generation);
    native.control[ThreadControl.CALL] = drop.id;
    native.control[ThreadControl.TIMEOUT] = nativeTimeout(timeout, 0);
    native.addon.close(watch !== undefined);
    if (native.at(ThreadControl.OUTCOME) !== 0) drop.doNotWait();
    else if (timeout > 0) watch?.add(drop);
    tell?.(drop);
  });
}
