/** Builds XML and HTML elements. Their text and attributes are escaped. */
import { printable } from '../../base/text.js';

type Attributes = Readonly<Record<string, string | number>>;

/** Text that is already escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** HTML elements without an end tag. */
const VOID = ['input'];

/** Returns an element with its content. Each part is escaped unless it is markup. */
export function element(
  name: string,
  attributes: Attributes,
  ...content: readonly (string | Markup)[]
): Markup {
  const start = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  const inner = content.map((part) => (part instanceof Markup ? part.text : escaped(part))).join('');
  const open = `<${name}${start.join('')}`;
  return new Markup(VOID.includes(name) ? `${open}/>` : `${open}>${inner}</${name}>`);
}

/**
 * Escapes text for element content and attributes. Line breaks are kept. Other control characters are not allowed
 * in XML and are replaced by visible text.
 */
export function escaped(text: string): string {
  return lines(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('\n', '&#10;');
}

function lines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => printable(line.replaceAll('\t', '  ')).replace(/[\uFFFE\uFFFF]/g, '\uFFFD'))
    .join('\n');
}
