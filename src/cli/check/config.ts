/** The file of `--config`: the options of a project, as JSON. Its schema is docs/check-config.schema.json. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { messageOf } from '../../base/errors.js';
import { didYouMean } from '../../base/options.js';
import { CHECKS, type CheckOptions, checkById, LEVELS, SANITIZERS, SEVERITIES } from '../../check/index.js';
import { parseJson } from '../json.js';
import { UsageError } from '../usage.js';
import { durationOf } from '../values.js';

type Value = unknown;
/** Reads one member. @throws UsageError with the expected value */
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
  examples: (value, name) => ({ examples: booleanOf(value, name) }),
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

/** Reads the options of a file. Paths in it are relative to its folder. @throws UsageError */
export function configOf(file: string): CheckOptions {
  const members = objectOf(parsed(file), file);
  const options = Object.entries(members).map(([name, value]) => {
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (reader === undefined) {
      const known = Object.keys(READERS);
      throw new UsageError(
        `${file} must not have a member '${name}', only ${known.join(', ')}.${didYouMean(name, known)}`,
      );
    }
    return reader(value, `${file}: ${name}`, dirname(file));
  });
  return Object.assign({}, ...options) as CheckOptions;
}

function parsed(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--config cannot be read: ${messageOf(cause)}.`, { cause });
  }
  // Editors on Windows begin files with a byte order mark.
  return parseJson(text.replace(/^\uFEFF/, ''), `--config ${file}`);
}

function rulesOf(value: Value, name: string): CheckOptions['rules'] {
  const rules = Object.entries(objectOf(value, name)).map(([id, rule]) => {
    known(id, name);
    const where = `${name}['${id}']`;
    const { severity, except, ...rest } = objectOf(rule, where);
    refuseOthers(rest, where, ['severity', 'except']);
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
    const meant = didYouMean(
      id,
      CHECKS.map((check) => check.id),
    );
    throw new UsageError(
      `${name} must have ids of checks, but there is no check '${id}'.${meant} See tenon check --list.`,
      { cause },
    );
  }
}

function fuzzOf(value: Value, name: string, folder: string): CheckOptions['fuzz'] {
  const { budget, corpus, ...rest } = objectOf(value, name);
  refuseOthers(rest, name, ['budget', 'corpus']);
  return {
    budget: durationOf(`${name}.budget`, textOf(budget, `${name}.budget`)),
    corpus: corpus === undefined ? undefined : located(textOf(corpus, `${name}.corpus`), folder),
  };
}

function refuseOthers(rest: object, name: string, known: readonly string[]): void {
  for (const other of Object.keys(rest))
    throw new UsageError(
      `${name} must not have a member '${other}', only ${known.join(' and ')}.${didYouMean(other, known)}`,
    );
}

/** Returns the path relative to the current folder, which is short, because command lines show it. */
function located(path: string, folder: string): string {
  return relative('', resolve(folder, path)) || '.';
}

function objectOf(value: Value, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${name} must be an object.`);
  return value as Record<string, unknown>;
}

function textOf(value: Value, name: string): string {
  if (typeof value !== 'string' || value.trim() === '')
    throw new UsageError(`${name} must be a string that is not empty.`);
  return value;
}

function textsOf(value: Value, name: string): string[] {
  if (!Array.isArray(value)) throw new UsageError(`${name} must be an array of strings.`);
  return value.map((one, i) => textOf(one, `${name}[${i}]`));
}

function booleanOf(value: Value, name: string): boolean {
  if (typeof value !== 'boolean') throw new UsageError(`${name} must be true or false.`);
  return value;
}

function numberOf(value: Value, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new UsageError(`${name} must be a whole number.`);
  return value;
}

function oneOf<T extends string>(value: Value, name: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) {
    const meant = typeof value === 'string' ? didYouMean(value, allowed) : '';
    throw new UsageError(`${name} must be one of ${allowed.join(', ')}.${meant}`);
  }
  return found;
}
