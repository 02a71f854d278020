/** Renders SARIF 2.1.0, for code scanning. */
import { createHash } from 'node:crypto';
import { isAbsolute, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHECKS } from '../registry.js';
import type { CheckResult, FileVerdict, Finding, Severity, SourceLine, Verdict } from '../verdict.js';
import { jsonText } from './json.js';
import { crashLines, wholeFileProblem, withPlace } from './view.js';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const HOME = 'https://www.npmjs.com/package/tenon';
/** The rule for files that are not plugins. */
const NO_PLUGIN = 'tenon/not-a-plugin';

export function renderSarif(verdict: Verdict): string {
  const { suite, files, outcome, level, seed, abi, date } = verdict;
  const driver = {
    name: 'tenon check',
    version: suite,
    semanticVersion: suite,
    informationUri: HOME,
    rules: rules(),
  };
  const invocation = {
    executionSuccessful: outcome !== 'incomplete',
    endTimeUtc: new Date(Date.parse(date) + verdict.ms).toISOString(),
    startTimeUtc: date,
    toolExecutionNotifications: files.flatMap(notificationsOf),
  };
  const run = {
    tool: { driver },
    invocations: [invocation],
    artifacts: artifactsOf(files),
    results: files.flatMap(resultsOf),
    columnKind: 'utf16CodeUnits',
    properties: { level, seed, abi },
  };
  return jsonText({ $schema: SCHEMA, version: '2.1.0', runs: [run] });
}

/** Returns one artifact for each file, even if a file was given twice. */
function artifactsOf(files: readonly FileVerdict[]): object[] {
  return [...new Map(files.map((file) => [uriOf(file.path), file])).values()].map(
    ({ path, sha256, size }) => ({
      location: { uri: uriOf(path) },
      roles: ['analysisTarget'],
      ...(size === null ? {} : { length: size }),
      ...(sha256 === null ? {} : { hashes: { 'sha-256': sha256 } }),
    }),
  );
}

function rules(): object[] {
  const all = CHECKS.map(({ id, title, why, fix, severity, level, needs }) => ({
    id,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: fix },
    defaultConfiguration: { level: severity },
    properties: { level, needs },
  }));
  const other = {
    id: NO_PLUGIN,
    shortDescription: { text: 'The file is a tenon plugin.' },
    fullDescription: { text: 'A library without entry points cannot be loaded by a host.' },
    help: { text: 'Pass only plugins to tenon check.' },
    defaultConfiguration: { level: 'error' },
  };
  return [...all, other];
}

function resultsOf(file: FileVerdict): object[] {
  const failed = file.results.filter(({ state }) => state === 'failed' || state === 'excepted');
  const found = failed.flatMap((result) => result.findings.map((finding) => resultOf(result, finding, file)));
  const problem = file.outcome === 'not-a-plugin' ? wholeFileProblem(file) : null;
  if (problem === null) return found;
  return [
    { ...base(NO_PLUGIN, 'error', problem, file), partialFingerprints: fingerprint([NO_PLUGIN, file.path]) },
  ];
}

function resultOf(result: CheckResult, finding: Finding, file: FileVerdict): object {
  const { id, severity, reason, state, reproduce } = result;
  const { message, stage, crash, stderr, input, report } = finding;
  const text = [withPlace(finding), ...crashLines(finding), `Reproduce: ${reproduce.command}`].join('\n');
  // Numbers differ from run to run, but the finding is the same.
  const same = message.replace(/0x[0-9a-f]+|\d+/gi, '#');
  const frame = crash?.frames[0]?.replace(/[+ ].*/, '') ?? '';
  return {
    ...base(id, severity, text, file),
    ...sourceOf(finding, file),
    partialFingerprints: fingerprint([id, file.path, same, frame]),
    ...(state === 'excepted' ? { suppressions: [{ kind: 'external', justification: reason ?? '' }] } : {}),
    properties: { stage, crash, stderr, report, input, reproduce },
  };
}

function base(ruleId: string, level: Severity, text: string, { path }: FileVerdict): object {
  const index = CHECKS.findIndex(({ id }) => id === ruleId);
  return {
    ruleId,
    ruleIndex: index < 0 ? CHECKS.length : index,
    kind: 'fail',
    level,
    message: { text },
    // A library has no lines, but viewers require one.
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) }, region: { startLine: 1 } } }],
  };
}

/** Returns the source location and the stack of a crash. The analysis target is still the library. */
function sourceOf({ place, crash }: Finding, { path }: FileVerdict): object {
  const found = place === null || place === undefined ? null : locationOf(place);
  const frames = (crash?.calls ?? []).flatMap((call) => {
    const location = locationOf(call);
    return location === null ? [] : [{ location, module: path }];
  });
  return {
    ...(found === null ? {} : { analysisTarget: { uri: uriOf(path) }, locations: [found] }),
    ...(frames.length === 0 ? {} : { stacks: [{ message: { text: 'Stack of the crash' }, frames }] }),
  };
}

function locationOf({ function: name, file, line, text }: SourceLine): object | null {
  if (file === null) return null;
  const snippet = text === null ? {} : { snippet: { text } };
  const region = line === null ? {} : { region: { startLine: line, ...snippet } };
  return {
    physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...region },
    ...(name === null ? {} : { logicalLocations: [{ fullyQualifiedName: name, kind: 'function' }] }),
  };
}

/** Returns a notification for each incomplete check, and one for an incomplete file. */
function notificationsOf(file: FileVerdict): object[] {
  const locations = [{ physicalLocation: { artifactLocation: { uri: uriOf(file.path) } } }];
  const results = file.results.filter(({ state }) => state === 'incomplete');
  const unfinished = results.map(({ id, reason }) => ({
    level: 'error',
    message: { text: `${id} could not be completed: ${reason}` },
    associatedRule: { id },
    locations,
  }));
  const problem = file.outcome === 'incomplete' ? wholeFileProblem(file) : null;
  return problem === null
    ? unfinished
    : [{ level: 'error', message: { text: problem }, locations }, ...unfinished];
}

function fingerprint(parts: readonly string[]): object {
  return { 'tenonFinding/v1': createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32) };
}

/** Returns the URI of a path. Relative paths stay relative: code scanning resolves them in the repository root. */
function uriOf(path: string): string {
  if (isAbsolute(path)) return pathToFileURL(path).href;
  // encodeURIComponent throws on lone surrogates.
  const whole = Buffer.from(normalize(path)).toString();
  return whole.split(/[\\/]/).map(encodeURIComponent).join('/');
}
