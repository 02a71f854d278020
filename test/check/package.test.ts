/** The import of `tenon/check` from the built package, by its own name. */
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { runNode } from '../support/index.js';
import { canCheck } from './support.js';

const require = createRequire(import.meta.url);

describe('the package', () => {
  test.skipIf(!canCheck)('exports check, through import and through require', async () => {
    const run = await runNode(`
      import { createRequire } from 'node:module';
      const { check, render, CHECKS, LEVELS } = await import(new URL('./check/index.js', entry));
      const { outcome } = await check([plugins + '/wordcount' + extension], { filter: ['abi/*'] });
      console.log(outcome, LEVELS.join(), CHECKS.length > 9, typeof render);
      console.log(typeof createRequire(entry)('tenon/check').check, typeof (await import('tenon/check')).check);
    `);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toBe('clean basic,strict,torture true function\nfunction function\n');
  });

  test.each(['check-verdict', 'check-config'])('ships the schema of %s', (name) => {
    const schema = require(`tenon/${name}.schema.json`) as { $schema: string; type: string };
    expect(schema).toMatchObject({ $schema: expect.stringContaining('draft-07'), type: 'object' });
  });
});
