/** Checks of group `file`: what the bytes of the file tell. Nothing is loaded. */
import { checkEntryPoints, checkPlatform } from '../../inspect/index.js';
import { answerOf, type CheckDefinition } from '../definition.js';
import { accessChecks } from './file-access.js';
import { constructorChecks } from './file-constructors.js';
import { elfChecks } from './file-elf.js';
import { exportChecks } from './file-exports.js';
import { libraryChecks } from './file-libraries.js';

export const fileChecks: readonly CheckDefinition[] = [
  {
    id: 'file/format',
    title: 'The file is a well-formed shared library.',
    why: 'Whatever is no library, or a damaged one, is refused by every host.',
    fix: 'Build it with -shared, and copy it whole.',
    severity: 'error',
    level: 'basic',
    needs: [],
    // It was read before: what cannot be is a finding of this check.
    method: { type: 'bytes', judge: () => ({ state: 'passed' }) },
  },
  {
    id: 'file/platform',
    title: 'The library is for this system and processor.',
    why: 'Another one cannot be loaded here, and so not be checked any further.',
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
    why: 'They are how a host gets to know a plugin; a file without them is refused before it is loaded.',
    fix: 'Use TENON_PLUGIN of tenon.h or tenon::plugin! of the Rust crate, which write them.',
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
    title: 'The descriptor of the library, if it has one, is well-formed.',
    why: 'Hosts read it from the bytes of the file, before anything of the plugin runs, and refuse one that they do not understand.',
    fix: 'Use TENON_PLUGIN of tenon.h or tenon::plugin! of the Rust crate, which write it.',
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
    why: 'Without one a host learns name, version and kinds only by loading the plugin; a host with `descriptor: required` refuses it.',
    fix: 'Use TENON_PLUGIN of tenon.h or tenon::plugin! of the Rust crate, which write it; in another language export tenon_descriptor as tenon.h declares it. Where hosts require it, raise the severity of this check to error with a rule (--config).',
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
  ...exportChecks,
  ...libraryChecks,
  ...elfChecks,
  ...constructorChecks,
  ...accessChecks,
];
