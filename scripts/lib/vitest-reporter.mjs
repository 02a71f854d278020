/**
 * A reporter of vitest that writes what the JSON report lacks: errors outside of tests, and the files that never
 * reported. It writes next to the JSON report.
 */
import { writeFileSync } from 'node:fs';
import { outsideOf } from './tally.mjs';

const firstLine = (error) => String(error?.message ?? error).split('\n', 1)[0];

/** Yields the errors of a file and of its groups: those of loading and of hooks. */
function* errorsOf(module) {
  for (const error of module.errors()) yield firstLine(error);
  for (const suite of module.children.allSuites()) for (const error of suite.errors()) yield firstLine(error);
}

export default class OutsideReporter {
  #file;
  #expected = [];

  onInit({ config }) {
    this.#file = outsideOf(config.outputFile.json);
  }

  onTestRunStart(specifications) {
    this.#expected = specifications.map(({ moduleId }) => moduleId);
  }

  onTestRunEnd(modules, unhandled) {
    const ended = modules.filter((module) => ['passed', 'failed', 'skipped'].includes(module.state()));
    const ids = new Set(ended.map(({ moduleId }) => moduleId));
    const outside = {
      errors: unhandled.map(firstLine),
      files: modules.map((module) => ({ name: module.moduleId, errors: [...errorsOf(module)] })),
      silent: this.#expected.filter((id) => !ids.has(id)),
    };
    writeFileSync(this.#file, JSON.stringify(outside));
  }
}
