/** The formats for programs, checked with validators of their schemas. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import Ajv04 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { CHECKS, render, type Verdict } from '../../src/check/index.js';
import { root } from '../support/index.js';
import { clean, fileOf, full, hostile, located, result, verdictOf } from './verdicts.js';

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as object;
const withLines = verdictOf([fileOf([result('calls/plain', { state: 'failed', findings: [located] })])]);
const all = Object.entries({ full, hostile, clean, withLines });

describe('json', () => {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  addFormats.default(ajv);
  const isValid = ajv.compile(readJson(join(root, 'docs', 'check-verdict.schema.json')));

  test.each(all)('of the verdict %s equals the verdict, and is valid by the shipped schema', (_, verdict) => {
    const parsed: unknown = JSON.parse(render(verdict, 'json'));
    expect(parsed).toEqual(JSON.parse(JSON.stringify(verdict)));
    expect(isValid(parsed), JSON.stringify(isValid.errors)).toBe(true);
  });

  test.each<[string, (verdict: Verdict) => object]>([
    ['a different version', (verdict) => ({ ...verdict, schema: 2 })],
    ['no seed', ({ seed: _, ...verdict }) => verdict],
    ['an unknown outcome', (verdict) => ({ ...verdict, outcome: 'fine' })],
    [
      'a result without a title',
      (verdict) => ({
        ...verdict,
        files: [fileOf([{ ...result('a/b'), title: undefined as unknown as string }])],
      }),
    ],
  ])('with %s is not valid', (_, change) => {
    expect(isValid(JSON.parse(JSON.stringify(change(full))))).toBe(false);
  });
});

describe('junit', () => {
  const schema = readFileSync(join(root, 'test', 'check', 'junit.xsd'), 'utf8');
  const validate = (xml: string) => validateXML({ xml: { fileName: 'report.xml', contents: xml }, schema });

  test.each(all)('of the verdict %s is valid by the common schema of its readers', async (_, verdict) => {
    expect((await validate(render(verdict, 'junit'))).errors).toEqual([]);
  });

  test('is refused by the validator if it is changed', async () => {
    const broken = render(full, 'junit').replace('</properties>', '</properties><surprise/>');
    expect((await validate(broken)).valid).toBe(false);
  });

  test('has the counts and the result of each check', () => {
    const xml = render(full, 'junit');
    const count = (pattern: RegExp) => xml.match(pattern)?.length ?? 0;
    expect(xml).toMatch(/<testsuites [^>]*tests="13" failures="2" errors="2"/);
    expect([/<testcase /g, /<failure /g, /<error /g, /<skipped /g].map(count)).toEqual([13, 2, 2, 2]);
    expect(xml).toContain('<skipped message="accepted: kept for old hosts">');
    expect(xml).toContain(
      '<failure message="It was ended by SIGSEGV, in: call with an empty input" type="error">',
    );
    expect(xml).toContain('Reproduce: npx tenon check x.so --filter calls/empty-input --seed 7');
    expect(xml).toContain('<system-err>about to crash&#10;now&#10;</system-err>');
    expect(xml).toContain('time="0.012"');
  });

  test('has the source line of a finding in its message, and the lines of all frames below it', () => {
    const xml = render(withLines, 'junit');
    expect(xml).toContain(
      '<failure message="It was ended by SIGSEGV, in: call with an empty input, at src/parse.h:12"',
    );
    expect(xml).toContain(
      'parse at src/parse.h:12, inlined into&#10;call+0x1c (0x116c) at src/plugin.c:40&#10;',
    );
    expect(xml).toContain('source: src/parse.h:12  return node-&gt;next;');
  });

  test('reports a warning as a failure only with failOn: warning', () => {
    const failures = (verdict: Verdict) =>
      render(verdict, 'junit').match(/<failure [^>]*type="warning"/g)?.length ?? 0;
    expect(failures(full)).toBe(0);
    expect(render(full, 'junit')).toContain('<system-out>warning: it returned 42');
    expect(failures({ ...full, failOn: 'warning' })).toBe(1);
  });
});

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly suppressions?: readonly object[];
  readonly stacks?: readonly {
    readonly frames: readonly { location: { physicalLocation: { artifactLocation: { uri: string } } } }[];
  }[];
  readonly locations: readonly { physicalLocation: { artifactLocation: { uri: string } } }[];
}
interface Sarif {
  readonly runs: readonly {
    readonly results: readonly SarifResult[];
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly invocations: readonly {
      executionSuccessful: boolean;
      toolExecutionNotifications: readonly object[];
    }[];
  }[];
}

describe('sarif', () => {
  const schema = createRequire(import.meta.url).resolve(
    '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json',
  );
  const ajv = new Ajv04.default({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv as unknown as Ajv);
  const isValid = ajv.compile(readJson(schema));
  const runOf = (verdict: Verdict) => {
    const [run] = (JSON.parse(render(verdict, 'sarif')) as Sarif).runs;
    if (run === undefined) throw new Error('there is no run');
    return run;
  };

  test.each(all)('of the verdict %s is valid by the schema of SARIF 2.1.0', (_, verdict) => {
    expect(isValid(JSON.parse(render(verdict, 'sarif'))), JSON.stringify(isValid.errors)).toBe(true);
  });

  test('is refused by the validator if it is changed', () => {
    const broken = JSON.parse(
      render(full, 'sarif').replaceAll('"level": "error"', '"level": "grave"'),
    ) as object;
    expect(isValid(broken)).toBe(false);
  });

  test('has all checks as rules, and results that point to them', () => {
    const { tool, results } = runOf(
      verdictOf([
        fileOf(
          CHECKS.map(({ id }) =>
            result(id, { state: 'failed', findings: full.files[0]?.results[3]?.findings ?? [] }),
          ),
        ),
      ]),
    );
    const ids = tool.driver.rules.map(({ id }) => id);
    expect(ids).toEqual([...CHECKS.map(({ id }) => id), 'tenon/not-a-plugin']);
    expect(results).toHaveLength(CHECKS.length);
    for (const { ruleId, ruleIndex } of results) expect(ids[ruleIndex]).toBe(ruleId);
  });

  test('has a result with a level for each finding, and accepted ones are suppressed with the reason', () => {
    const { results, invocations } = runOf(full);
    expect(results.map(({ ruleId, level }) => `${ruleId} ${level}`)).toEqual([
      'calls/empty-input error',
      'file/debug-info note',
      'file/relro warning',
      'file/relro warning',
      'file/exports error',
      'tenon/not-a-plugin error',
    ]);
    expect(results[4]?.suppressions).toEqual([{ kind: 'external', justification: 'kept for old hosts' }]);
    expect(results[0]?.suppressions).toBeUndefined();
    expect(invocations[0]?.executionSuccessful).toBe(true);
    expect(invocations[0]?.toolExecutionNotifications).toHaveLength(2);
    expect(runOf({ ...full, outcome: 'incomplete' }).invocations[0]?.executionSuccessful).toBe(false);
  });

  test('has files as URIs, relative if the path is relative', () => {
    const uri = (path: string) =>
      runOf(verdictOf([fileOf([], { path, outcome: 'not-a-plugin', reason: 'x' })])).results[0]?.locations[0]
        ?.physicalLocation.artifactLocation.uri;
    expect(uri('./build/my plugin#1.so')).toBe('build/my%20plugin%231.so');
    expect(uri('/usr/lib/x y.so')).toBe('file:///usr/lib/x%20y.so');
  });

  test('has the source location of a finding if it is known, and the stack', () => {
    const [found] = runOf(withLines).results;
    expect(found?.locations).toEqual([
      {
        physicalLocation: {
          artifactLocation: { uri: 'src/parse.h' },
          region: { startLine: 12, snippet: { text: 'return node->next;' } },
        },
        logicalLocations: [{ fullyQualifiedName: 'parse', kind: 'function' }],
      },
    ]);
    expect(found).toMatchObject({ analysisTarget: { uri: 'build/x.so' } });
    const [stack] = found?.stacks ?? [];
    expect(stack?.frames.map(({ location }) => location.physicalLocation.artifactLocation.uri)).toEqual([
      'src/parse.h',
      'src/plugin.c',
      'file:///build/main.c',
    ]);
    expect(runOf(full).results[0]?.locations[0]?.physicalLocation.artifactLocation.uri).toBe('build/x.so');
  });

  test('has fingerprints that are stable between runs and differ between findings', () => {
    const print = (message: string, frame = 'call+0x1c (0x116c)') => {
      const crash = { signal: 'SIGSEGV', code: null, address: null, meaning: null, frames: [frame] };
      const finding = { message, stage: null, crash, input: null, stderr: '' };
      return runOf(verdictOf([fileOf([result('a/b', { state: 'failed', findings: [finding] })])])).results[0]
        ?.partialFingerprints['tenonFinding/v1'];
    };
    expect(print('took 12 ms')).toBe(print('took 99 ms', 'call+0x20 (0x1170)'));
    expect(print('took 12 ms')).not.toBe(print('leaks 12 bytes'));
    expect(print('took 12 ms')).not.toBe(print('took 12 ms', 'other+0x1c (0x116c)'));
  });
});
