/** XML and HTML: elements whose text and attributes are escaped. */
import { printable } from '../../base/text.js';

type Attributes = Readonly<Record<string, string | number>>;

/** Escaped already. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Elements of HTML that have no end. */
const VOID = ['input'];

/** An element with its content, each part escaped unless it is markup. */
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

/** Text as it may stand between tags and in an attribute. Lines are kept; other control characters are no XML and become visible. */
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
