import { expect, test } from 'vitest';
import { textOf } from '../../src/base/text.js';

test('a message of a plugin is decoded up to a bound, whatever its size', () => {
  expect(textOf(Buffer.from('grün'))).toBe('grün');
  const large = Buffer.alloc(20 << 20, 'x');
  expect(textOf(large)).toHaveLength((1 << 20) + ' … (19922944 more bytes)'.length);
  expect(textOf(large)).toMatch(/x … \(19922944 more bytes\)$/);
  expect(textOf(large, large.length)).toHaveLength(large.length);
});
