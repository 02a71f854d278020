import { expect, test } from 'vitest';
import { stressWithoutRaces } from '../support/stress.js';

test.each([
  ['host addresses used once', []],
  ['recycled host addresses', ['-DTENON_REUSE_HOSTS']],
])('threads that outlive their instances cause no race and reach no other instance: %s', (_, flags) => {
  const parts = ['node/events', 'node/mailbox', 'plugin/host_slots'];
  const ended = stressWithoutRaces({ program: 'mailbox-stress', parts, flags });
  expect(ended.stderr).toBe('');
  expect(ended.status).toBe(0);
  const { delivered, misdelivered, closed } = JSON.parse(ended.stdout);
  expect(misdelivered).toBe(0);
  expect(delivered).toBeGreaterThan(0);
  expect(closed).toBeGreaterThan(0);
});
