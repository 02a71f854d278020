/** The fault corpus in the process tier, in the sandbox. It has the same errors as without the sandbox. */
import { describe } from 'vitest';
import { confine } from './support.js';

confine({ sandbox: true });

describe.runIf(process.platform === 'linux')('in the sandbox', async () => {
  await import('./process-tier.test.js');
});
