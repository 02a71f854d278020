/** Methods that a later minor version of a kind appended. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defineKind, type Instance, PluginHost } from '../../src/index.js';
import { compileSpans, spansKind } from './spans-plugin.js';

const kind = spansKind({ name: 'str' }, { n: 'u32' });
const value = { name: 'näme' };

describe('a method with since', () => {
  const use = async (work: (instance: Instance) => void, ...definitions: string[]): Promise<void> => {
    const own = mkdtempSync(join(tmpdir(), 'tenon-spans-'));
    await using other = new PluginHost();
    try {
      const plugin = await other.load(compileSpans(own, ...definitions));
      work(await plugin.new());
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  };
  const older = kind.version.replace('1.1', '1.0');

  test('is undefined for an older plugin, whose other methods work', async () => {
    await use(
      (instance) => {
        expect(instance.as(kind).late).toBeUndefined();
        expect(instance.asSync(kind).late).toBeUndefined();
        expect(instance.asSync(kind).mirror(value)).toEqual(value);
      },
      `-DSPANS_KIND="spans/${older}"`,
      '-DSPANS_COUNT=8',
    );
  });

  test('is undefined for an older plugin even if its table has more methods', async () => {
    await use(
      (instance) => expect(instance.asSync(kind).late).toBeUndefined(),
      `-DSPANS_KIND="spans/${older}"`,
    );
  });

  test('must be present in a plugin that has its version, and is ignored by an older host', async () => {
    await use((instance) => {
      expect(() => instance.as(kind)).toThrow(/8 of the 9 methods/);
    }, '-DSPANS_COUNT=8');
    const { late: _, ...methods } = kind.methods;
    const former = defineKind({ name: 'spans', version: older, methods });
    await use((instance) => expect(instance.asSync(former).mirror(value)).toEqual(value));
  });
});
