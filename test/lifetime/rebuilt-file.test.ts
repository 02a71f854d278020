import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PluginHost } from '../../src/index.js';
import { answering, compile, temporaryFolder } from '../support/index.js';

test.each(['replaced by rename', 'overwritten in place'])(
  'a file that was %s is loaded with its new code, and existing instances keep the old code',
  async (how) => {
    const folder = temporaryFolder();
    const path = compile(folder, 'answer', answering('answer', 'old'));
    await using host = new PluginHost({ paths: [folder] });
    const before = await (await host.load('answer')).new();
    expect(String(before.callSync(Buffer.alloc(0)))).toBe('old');

    const rebuilt = compile(join(folder, 'next'), 'answer', answering('answer', 'new!'));
    if (how === 'replaced by rename') renameSync(rebuilt, path);
    else copyFileSync(rebuilt, path);
    const after = await (await host.load('answer')).new();
    expect(String(after.callSync(Buffer.alloc(0)))).toBe('new!');
    expect(String(before.callSync(Buffer.alloc(0)))).toBe('old');
  },
);
