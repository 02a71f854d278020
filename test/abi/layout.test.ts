import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ABI_VERSION,
  DESCRIPTOR,
  HOST,
  LIMITS,
  LOG_LEVELS,
  METHODS,
  OUT,
  PLUGIN,
  PluginFlag,
  SLOTS,
  Status,
  statusName,
} from '../../src/base/abi.js';
import { root, temporaryFolder } from '../support/index.js';
import { cCompilers, compile } from './compilers.js';

interface Struct {
  readonly size: number;
  readonly align: number;
  readonly offset: Readonly<Record<string, number>>;
}

interface Layout {
  readonly tenon_plugin: Struct;
  readonly tenon_host: Struct;
  readonly tenon_out: Struct;
  readonly tenon_descriptor_t: Struct;
  readonly math_1: Struct;
  readonly math_min_in: Struct;
  readonly math_min_out: Struct;
  readonly magic: readonly number[];
  readonly values: Readonly<Record<string, number>>;
  readonly abi: string;
  readonly text: string;
}

function printedBy(compiler: string): Layout {
  const program = join(temporaryFolder(), 'print-layout');
  compile(compiler, ['-std=c11', join(root, 'test', 'abi', 'print-layout.c'), '-o', program]);
  return JSON.parse(execFileSync(program, { encoding: 'utf8' })) as Layout;
}

describe.each(cCompilers)('src/base/abi.ts agrees with tenon.h as compiled by %s', (compiler) => {
  const read = () => printedBy(compiler);

  test('on the layout of tenon_plugin and the order of its slots', () => {
    const { size, align, offset } = read().tenon_plugin;
    expect({ size: PLUGIN.size, align: PLUGIN.align, offset: PLUGIN.offset }).toEqual({
      size,
      align,
      offset,
    });
    const slots = Object.entries(offset).sort(([, a], [, b]) => a - b);
    expect(slots.map(([name]) => name)).toEqual(['size', 'flags', ...SLOTS]);
  });

  test('on the layouts of tenon_host and tenon_out', () => {
    const { tenon_host: host, tenon_out: out } = read();
    expect({ size: HOST.size, offset: HOST.offset }).toEqual({ size: host.size, offset: host.offset });
    expect({ size: OUT.size, offset: OUT.offset }).toEqual({ size: out.size, offset: out.offset });
  });

  test('on the layout of tenon_descriptor_t, its magic and the lengths of its strings', () => {
    const { tenon_descriptor_t: descriptor, magic, values } = read();
    expect({ size: DESCRIPTOR.size, offset: DESCRIPTOR.offset }).toEqual({
      size: descriptor.size,
      offset: descriptor.offset,
    });
    expect([...Buffer.from(DESCRIPTOR.magic, 'latin1')]).toEqual(magic);
    const { name, version, kinds } = values;
    expect(DESCRIPTOR.length).toEqual({ name, version, kinds });
    expect(LIMITS.name).toBe(DESCRIPTOR.length.name - 1);
  });

  test('on the layout of the method table of a kind', () => {
    const { offset, size } = read().math_1;
    expect({ header: METHODS.header, slot: METHODS.slot }).toEqual({
      header: offset.min,
      slot: size - METHODS.header,
    });
    expect({ size: offset.size, count: offset.count }).toEqual({ size: 0, count: 4 });
  });

  test('on every status, flag and log level', () => {
    const { values, abi, text } = read();
    const numbers = { ...Status, ...PluginFlag };
    expect(numbers).toEqual(Object.fromEntries(Object.keys(numbers).map((name) => [name, values[name]])));
    for (const [name, number] of Object.entries(Status)) expect(statusName(number)).toBe(name);
    const levels = LOG_LEVELS.map((level) => values[`TENON_LOG_${level.toUpperCase()}`]);
    expect(levels).toEqual([...LOG_LEVELS.keys()]);
    expect(values.status_size).toBe(4);
    expect([abi, text]).toEqual([ABI_VERSION, ABI_VERSION]);
  });
});
