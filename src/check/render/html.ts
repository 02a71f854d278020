import type { Verdict } from '../verdict.js';
export function renderHtml(_verdict: Verdict): string {
  return '';
}
