/** The look of text for people. */
export interface RenderOptions {
  /** It may have the colors of a terminal. Default: false. */
  readonly color?: boolean | undefined;
  /** Columns of prose; what is to be copied is never broken. Default: 100. */
  readonly width?: number | undefined;
}
