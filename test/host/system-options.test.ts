/** Options of the process tier that a system cannot honour are refused. */
import { describe, expect, test } from 'vitest';
import { requireHere } from '../../src/host/system-options.js';
import { thrown } from '../tiers/process/support.js';

const UNSUPPORTED = { code: 'ERR_TENON_UNSUPPORTED' };

describe('on Windows', () => {
  test.each(['cpu', 'files'] as const)('limits.%s is refused by its name', (name) => {
    const refused = thrown(() => requireHere({ [name]: 10 }, false, 'win32'));
    expect(refused).toMatchObject(UNSUPPORTED);
    expect(String(refused)).toContain(`'limits.${name}' is not supported on Windows`);
  });

  test.each([true, {}, { read: [] }])('the sandbox %j is refused', (sandbox) => {
    expect(thrown(() => requireHere({}, sandbox, 'win32'))).toMatchObject(UNSUPPORTED);
  });

  test('limits.memory and limits.result are accepted', () => {
    expect(() => requireHere({ memory: 1 << 28, result: 4096 }, false, 'win32')).not.toThrow();
  });
});

test('Linux accepts all of them', () => {
  expect(() => requireHere({ memory: 1, cpu: 1, files: 10, result: 4096 }, true, 'linux')).not.toThrow();
});

test('a limit that is undefined is not refused', () => {
  expect(() => requireHere({ cpu: undefined } as object, false, 'win32')).not.toThrow();
});
