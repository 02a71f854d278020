/** The search for the NATS server of the tests, and for what Go builds. */
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { findNatsServer } from '../../scripts/lib/nats.mjs';
import { temporaryFolder } from '../support/index.js';

afterEach(() => void vi.unstubAllEnvs());

function folderWithServer(): string {
  const folder = temporaryFolder();
  const file = join(folder, 'nats-server');
  writeFileSync(file, '#!/bin/sh\nexit 0\n');
  chmodSync(file, 0o755);
  return folder;
}

test('the server that is named in the environment comes first, then that of the system', () => {
  const folder = folderWithServer();
  vi.stubEnv('NATS_SERVER', '');
  expect(findNatsServer(folder)).toBe(join(folder, 'nats-server'));
  vi.stubEnv('NATS_SERVER', '/opt/nats-server');
  expect(findNatsServer(folder)).toBe('/opt/nats-server');
});

const built = process.env['NATS_SERVER'] ? undefined : findNatsServer('');
const reason = built === undefined ? ' (skipped: this checkout has built none)' : '';

test.skipIf(built === undefined)(`without one, it is the server that was built with Go${reason}`, () => {
  const printed = execFileSync(built ?? '', ['--version'], { encoding: 'utf8' });
  expect(printed).toMatch(/^nats-server: v2\.\d+\.\d+\n$/);
});
