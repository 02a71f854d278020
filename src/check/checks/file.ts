/** Checks of group `file`, which read only the bytes of the file. Nothing is loaded. */
import { checkEntryPoints, checkPlatform } from '../../inspect/index.js';
import { answerOf, type CheckDefinition } from '../definition.js';
import { accessChecks } from './file-access.js';
import { clashChecks } from './file-clashes.js';
import { constructorChecks } from './file-constructors.js';
import { elfChecks } from './file-elf.js';
import { exportChecks } from './file-exports.js';
import { libraryChecks } from './file-libraries.js';

export const fileChecks: readonly CheckDefinition[] = [
  {
    id: 'file/format',
    title: 'The file is a well-formed shared library.',
    why: 'Every host refuses a file that is damaged or is not a library.',
    fix: 'Build the library with -shared, and copy the whole file.',
    severity: 'error',
    level: 'basic',
    needs: [],
    // The file was read before. If that failed, the error is already a finding of this check.
    method: { type: 'bytes', judge: () => ({ state: 'passed' }) },
  },
  {
    id: 'file/platform',
    title: 'The library is for this system and processor.',
    why: 'A library for another platform cannot be loaded here, so no further check can run.',
    fix: 'Run the check on the platform that the plugin was built for.',
    severity: 'error',
    level: 'basic',
    needs: ['file/format'],
    method: {
      type: 'bytes',
      judge: ({ facts }) => {
        checkPlatform(facts);
        return { state: 'passed' };
      },
    },
  },
  {
    id: 'file/entry-points',
    title: 'The library exports the functions get_version, get_name and get_plugin.',
    why: 'A host identifies a plugin by these functions. It refuses a file without them before it loads anything.',
    fix: 'Use TENON_PLUGIN from tenon.h or tenon::plugin! from the Rust crate. Both define these functions.',
    severity: 'error',
    level: 'basic',
    needs: ['file/platform'],
    method: {
      type: 'bytes',
      judge: ({ facts }) => {
        checkEntryPoints(facts);
        return { state: 'passed' };
      },
    },
  },
  {
    id: 'file/descriptor',
    title: 'The descriptor, if the library has one, is well-formed.',
    why: 'Hosts read the descriptor from the bytes of the file before any code of the plugin runs. They refuse a plugin whose descriptor they cannot parse.',
    fix: 'Use TENON_PLUGIN from tenon.h or tenon::plugin! from the Rust crate. Both write the descriptor.',
    severity: 'error',
    level: 'basic',
    needs: ['file/entry-points'],
    method: {
      type: 'bytes',
      judge: ({ facts: { descriptorProblem } }) =>
        answerOf(descriptorProblem === null ? [] : [`The descriptor is malformed: ${descriptorProblem}`]),
    },
  },
  {
    id: 'file/described',
    title: 'The library has a descriptor.',
    why: 'Without a descriptor, a host has to load the plugin to learn its name, version and kinds. A host with `descriptor: required` refuses it.',
    fix: 'Use TENON_PLUGIN from tenon.h or tenon::plugin! from the Rust crate. Both write the descriptor. In another language, export tenon_descriptor as tenon.h declares it. If your hosts require a descriptor, raise the severity of this check to error with a rule (--config).',
    severity: 'warning',
    level: 'basic',
    needs: ['file/entry-points'],
    method: {
      type: 'bytes',
      judge: ({ facts: { descriptor, descriptorProblem } }) =>
        answerOf(
          descriptor === null && descriptorProblem === null ? ['There is no symbol tenon_descriptor'] : [],
        ),
    },
  },
  ...clashChecks,
  ...exportChecks,
  ...libraryChecks,
  ...elfChecks,
  ...constructorChecks,
  ...accessChecks,
];
