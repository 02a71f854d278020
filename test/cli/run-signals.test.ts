/** `tenon run`: a second signal ends the command, whatever the flow does. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { root, temporaryFolder } from '../support/index.js';
import { main } from './run.js';

test('a second signal ends the command at once, even if the source of the flow is done', async () => {
  const file = join(temporaryFolder(), 'flow.mjs');
  const entry = pathToFileURL(join(root, 'dist', 'flow', 'index.js')).href;
  writeFileSync(
    file,
    `import { FrameBuilder } from ${JSON.stringify(entry)};
class One {
  connect() {}
  pull() { return new FrameBuilder().add('one', { position: 1n }).build({ state: 'done' }); }
}
class Hangs {
  write() { console.log('written'); return new Promise(() => undefined); }
}
process.once('SIGTERM', () => console.log('drains'));
export default {
  connectors: { in: { plugin: One }, out: { plugin: Hangs } },
  flow: { name: 'hangs', from: 'in', to: ['out'] },
};
`,
  );
  const child = spawn(process.execPath, [main, 'run', '--drain', '10h', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    const seen = (word: string) => !text.includes(word) && (text + part).includes(word);
    // The source is done soon after its only event was written.
    if (seen('written')) setTimeout(() => child.kill('SIGTERM'), 200);
    if (seen('drains')) child.kill('SIGTERM');
    text += part;
  });
  expect(await ended).toBe(128 + constants.signals.SIGTERM);
});
