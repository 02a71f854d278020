/** Renders the verdict as JSON, for programs. Its schema is docs/check-verdict.schema.json. */
import type { Verdict } from '../verdict.js';

export function renderJson(verdict: Verdict): string {
  return jsonText(verdict);
}

/** Returns JSON that is safe on a terminal and in the log of a CI runner: control characters are escaped. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2)
    .replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
    .replaceAll('##[', '##\\u005b');
  return `${text}\n`;
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }).join('');
}
