/** The file of `--config`: what a project always says, as JSON. Its schema is docs/check-config.schema.json. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { type CheckOptions, checkById, LEVELS, SANITIZERS, SEVERITIES } from '../../check/index.js';
import { UsageError } from '../command.js';
import { durationOf } from './values.js';

type Value = unknown;
/** Reads one member. `fail` says what it must be. */
type Reader = (value: Value, name: string, folder: string) => CheckOptions;

const FAIL_ON = ['error', 'warning'] as const;

const READERS: Readonly<Record<string, Reader>> = {
  $schema: () => ({}),
  level: (value, name) => ({ level: oneOf(value, name, LEVELS) }),
  failOn: (value, name) => ({ failOn: oneOf(value, name, FAIL_ON) }),
  filter: (value, name) => ({ filter: textsOf(value, name) }),
  rules: (value, name) => ({ rules: rulesOf(value, name) }),
  pluginConfig: (value) => ({ pluginConfig: JSON.stringify(value) }),
  inputs: (value, name, folder) => ({
    inputs: textsOf(value, name).map((path) => located(path, folder)),
  }),
  allowNeeded: (value, name) => ({ allowNeeded: textsOf(value, name) }),
  glibc: (value, name) => ({ glibc: textOf(value, name) }),
  jobs: (value, name) => ({ jobs: numberOf(value, name) }),
  repeat: (value, name) => ({ repeat: numberOf(value, name) }),
  seed: (value, name) => ({ seed: numberOf(value, name) }),
  timeout: (value, name) => ({ timeout: durationOf(name, textOf(value, name)) }),
  fuzz: (value, name, folder) => ({ fuzz: fuzzOf(value, name, folder) }),
  sanitize: (value, name) => ({ sanitize: oneOf(value, name, SANITIZERS) }),
  artifacts: (value, name, folder) => ({ artifacts: located(textOf(value, name), folder) }),
};

/** Paths in it are seen from its folder. @throws UsageError */
export function configOf(file: string): CheckOptions {
  const members = objectOf(parsed(file), file);
  const options = Object.entries(members).map(([name, value]) => {
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (reader === undefined)
      throw new UsageError(
        `${file} must not have a member '${name}'; known: ${Object.keys(READERS).join(', ')}`,
      );
    return reader(value, `${file}: ${name}`, dirname(file));
  });
  return Object.assign({}, ...options) as CheckOptions;
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--config ${file} cannot be read: ${why}`, { cause });
  }
}

function rulesOf(value: Value, name: string): CheckOptions['rules'] {
  const rules = Object.entries(objectOf(value, name)).map(([id, rule]) => {
    known(id, name);
    const where = `${name}['${id}']`;
    const { severity, except, ...rest } = objectOf(rule, where);
    for (const other of Object.keys(rest)) throw new UsageError(`${where} must not have a member '${other}'`);
    return [
      id,
      {
        ...(severity === undefined ? {} : { severity: oneOf(severity, `${where}.severity`, SEVERITIES) }),
        ...(except === undefined ? {} : { except: textOf(except, `${where}.except`) }),
      },
    ] as const;
  });
  return Object.fromEntries(rules);
}

function known(id: string, name: string): void {
  try {
    checkById(id);
  } catch (cause) {
    throw new UsageError(`${name} must have ids of checks; there is no '${id}'. See tenon check --list`, {
      cause,
    });
  }
}

function fuzzOf(value: Value, name: string, folder: string): CheckOptions['fuzz'] {
  const { budget, corpus, ...rest } = objectOf(value, name);
  for (const other of Object.keys(rest)) throw new UsageError(`${name} must not have a member '${other}'`);
  return {
    budget: durationOf(`${name}.budget`, textOf(budget, `${name}.budget`)),
    corpus: corpus === undefined ? undefined : located(textOf(corpus, `${name}.corpus`), folder),
  };
}

/** As short as it can be, because it is shown in command lines. */
function located(path: string, folder: string): string {
  return relative('', resolve(folder, path)) || '.';
}

function objectOf(value: Value, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${name} must be an object`);
  return value as Record<string, unknown>;
}

function textOf(value: Value, name: string): string {
  if (typeof value !== 'string' || value.trim() === '')
    throw new UsageError(`${name} must be a string that is not empty`);
  return value;
}

function textsOf(value: Value, name: string): string[] {
  if (!Array.isArray(value)) throw new UsageError(`${name} must be an array of strings`);
  return value.map((one, i) => textOf(one, `${name}[${i}]`));
}

function numberOf(value: Value, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new UsageError(`${name} must be a whole number`);
  return value;
}

function oneOf<T extends string>(value: Value, name: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${name} must be one of ${allowed.join(', ')}`);
  return found;
}
