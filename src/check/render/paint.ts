/** Terminal colors. */
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Paint = Readonly<Record<keyof typeof CODES, (text: string) => string>>;

export function paintWith(color: boolean): Paint {
  const styled = (code: number) => (text: string) =>
    color && text !== '' ? `\u001B[${code}m${text}\u001B[0m` : text;
  const { bold, dim, red, green, yellow, cyan } = CODES;
  return {
    bold: styled(bold),
    dim: styled(dim),
    red: styled(red),
    green: styled(green),
    yellow: styled(yellow),
    cyan: styled(cyan),
  };
}
