/**
 * `npm run test:tsan`: runs the code that several threads use under ThreadSanitizer, in programs without Node.js: the
 * channel between host and runner, the rings, and the queues of the thread tier and of events. Passes if the programs
 * pass and no process wrote a report.
 */
import { inRoot } from './lib/paths.mjs';
import { buildSanitized, testSanitized } from './lib/sanitizers.mjs';
import { main, step } from './lib/steps.mjs';
import { setUp } from './setup.mjs';

const OUT = inRoot('build-tsan');
const TESTS = ['test/native.test.ts', 'test/tiers/mailbox.test.ts', 'test/tiers/thread/stress.test.ts'];

await main(import.meta.url, async () => {
  await setUp();
  await step('programs with ThreadSanitizer', () => buildSanitized('thread', OUT));
  return testSanitized('thread', { out: OUT, args: TESTS });
});
