/** All commands. The modules of a command are loaded when it is used, which makes the start of the others faster. */
import type { Commands } from './command.js';

export const COMMANDS: Commands = {
  inspect: {
    summary: 'show facts about library files without loading them',
    load: async () => (await import('./inspect.js')).inspect,
  },
  list: {
    summary: 'show the plugins in folders, and why others are refused',
    load: async () => (await import('./list.js')).list,
  },
  call: {
    summary: 'call a plugin once',
    load: async () => (await import('./call.js')).call,
  },
  check: {
    summary: 'find out what is wrong with plugins',
    load: async () => (await import('./check.js')).check,
  },
  new: {
    summary: 'write a new plugin project',
    load: async () => (await import('./new.js')).create,
  },
  dev: {
    summary: 'build, reload and call a plugin on every change',
    load: async () => (await import('./dev.js')).dev,
  },
  kind: {
    summary: 'generate code from kinds, and compare their versions',
    load: async () => (await import('./kind/kind.js')).kind,
  },
  build: {
    summary: 'build the native parts of this installation',
    load: async () => (await import('./build.js')).build,
  },
  run: {
    summary: 'run a flow of events between connectors',
    load: async () => (await import('./run.js')).runFlow,
  },
  ps: {
    summary: 'show running hosts and their plugins',
    load: async () => (await import('./state/ps.js')).ps,
  },
  stats: {
    summary: 'show all statistics of running hosts',
    load: async () => (await import('./state/stats.js')).stats,
  },
  quarantine: {
    summary: 'show files in quarantine, or remove them from it',
    load: async () => (await import('./state/quarantine.js')).quarantine,
  },
  help: {
    summary: 'explain a command',
    load: async () => (await import('./help-command.js')).helpCommand(COMMANDS),
  },
  completion: {
    summary: 'print a script that lets a shell complete commands and options',
    load: async () => (await import('./completion.js')).completionCommand(COMMANDS),
  },
};
