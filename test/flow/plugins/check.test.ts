/** The connectors pass the checks of flows, and each of their methods succeeds. */
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { check } from '../../../src/check/index.js';
import { canCheck } from '../../check/support.js';
import { extension, temporaryFolder } from '../../support/index.js';
import { sanitizer } from '../../support/sanitized.js';
import { tryable } from '../../support/tools.js';
import { connectorsDir } from './support.js';

const NAMES = [
  ...['blackhole', 'blaster', 'file', 'gzip-stream', 'length-prefixed', 'lines', 'metronome-source', 'tail'],
  ...['tcp-sink', 'tcp-source'],
  ...['blackhole-rs', 'csv', 'json-filter'],
];
const RUST = ['blackhole-rs', 'csv', 'json-filter'];

/** Starts a server that reads and ignores everything. Returns its port. */
async function serverPort(): Promise<number> {
  const server = createServer((socket) => void socket.resume().on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe.skipIf(!canCheck || sanitizer !== undefined)('tenon check', () => {
  const names = tryable(
    NAMES,
    (name) => `finds nothing in ${name}`,
    (name) => (RUST.includes(name) ? ['cargo'] : []),
  );
  test.each(names)('finds nothing in %s', async (name) => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, 'a line\n');
    const configs: Readonly<Record<string, object>> = {
      ...{ blaster: { path }, file: { path }, tail: { path } },
      'tcp-sink': { port: await serverPort() },
    };
    const pluginConfig = JSON.stringify(configs[name] ?? {});
    const library = join(connectorsDir, `${name}${extension}`);
    const verdict = await check([library], { pluginConfig, filter: ['calls/methods-succeed', 'flow/*'] });
    const results = verdict.files.flatMap((file) => file.results);
    const problems = results.filter(({ state }) => !['passed', 'skipped'].includes(state));
    expect(problems).toEqual([]);
    expect(results.find(({ id }) => id === 'calls/methods-succeed')?.state).toBe('passed');
  });
});
