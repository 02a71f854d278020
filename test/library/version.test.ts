import { describe, expect, test } from 'vitest';
import { acceptVersion, versionRule } from '../../src/library/version.js';

function verdict(version: string, abi?: string, policy?: 'range' | 'exact'): string {
  try {
    acceptVersion(version, versionRule(abi, policy), 'x.so');
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('the ABI version of a plugin', () => {
  test.each([
    ['1.0.0', undefined, undefined, 'accepted'],
    ['1.0.7', undefined, undefined, 'accepted'],
    ['0.0.0', undefined, undefined, 'ERR_TENON_VERSION_MISMATCH'],
    ['0.0.0', '0.1.0', undefined, 'ERR_TENON_VERSION_MISMATCH'],
    ['2.0.0', undefined, undefined, 'ERR_TENON_VERSION_MISMATCH'],
    ['2.0.0', '>=1', undefined, 'ERR_TENON_VERSION_MISMATCH'],
    ['1.1.0', undefined, undefined, 'ERR_TENON_VERSION_MISMATCH'],
    ['1.0.0-rc.1', undefined, undefined, 'ERR_TENON_VERSION_MISMATCH'],
    ['1.0.0-rc.1', '>=1.0.0-rc.0', undefined, 'ERR_TENON_VERSION_MISMATCH'],
    ['1.0.0-rc.1', '1.0.0-rc.1', undefined, 'accepted'],
    ['1.0.0', '1.0.0-rc.1', undefined, 'ERR_TENON_VERSION_MISMATCH'],
    ['1.0.1', undefined, 'exact', 'ERR_TENON_VERSION_MISMATCH'],
    ['1.0.0', undefined, 'exact', 'accepted'],
    ['banana', undefined, undefined, 'ERR_TENON_BAD_VERSION'],
    ['1.0', undefined, undefined, 'ERR_TENON_BAD_VERSION'],
    ['', undefined, undefined, 'ERR_TENON_BAD_VERSION'],
  ] as const)(
    '%s, with the host options abi %s and versionPolicy %s: %s',
    (version, abi, policy, expected) => {
      expect(verdict(version, abi, policy)).toBe(expected);
    },
  );

  test('a newer minor is refused with a message that says which side to upgrade', () => {
    expect(() => acceptVersion('1.9.0', versionRule(undefined), 'blur.so')).toThrow(
      /blur\.so: built for tenon ABI 1\.9\.0, this host accepts \^1\.0\.0.*upgrade the host to a tenon with ABI 1\.9/,
    );
  });

  test.each([
    ['not a range', undefined],
    ['', undefined],
    ['^1.0.0', 'exact'],
  ] as const)('the host option abi %j with policy %s is an invalid argument', (abi, policy) => {
    expect(() => versionRule(abi, policy)).toThrow(
      expect.objectContaining({ code: 'ERR_TENON_INVALID_ARGUMENT', argument: 'abi' }),
    );
  });
});
