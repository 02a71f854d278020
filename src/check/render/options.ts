/** Options of the format `pretty`. */
export interface RenderOptions {
  /** Whether to use terminal colors. Default: false. */
  readonly color?: boolean | undefined;
  /** Columns of prose. Lines to copy, such as commands, are never broken. Default: 100. */
  readonly width?: number | undefined;
}
