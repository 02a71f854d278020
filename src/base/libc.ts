/** The C library of this program. */
import { existsSync } from 'node:fs';

/**
 * Returns the C library of this program on Linux. A report of Node.js says it for glibc; other C libraries have none
 * of its versions.
 */
export function libcHere(): 'gnu' | 'musl' {
  const { report } = process as { report?: NodeJS.ProcessReport };
  const facts: unknown = report === undefined ? undefined : quickReport(report);
  if (typeof facts === 'object' && facts !== null && 'header' in facts) {
    const { header } = facts;
    return typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header ? 'gnu' : 'musl';
  }
  return existsSync('/etc/alpine-release') ? 'musl' : 'gnu';
}

/** Makes a report without looking up names in the network, which can take seconds. */
function quickReport(report: NodeJS.ProcessReport): unknown {
  const settings = report as { excludeNetwork?: boolean };
  const before = settings.excludeNetwork;
  settings.excludeNetwork = true;
  try {
    return report.getReport();
  } finally {
    if (before !== undefined) settings.excludeNetwork = before;
  }
}
