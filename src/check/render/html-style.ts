/** The style sheet of the page, with a light and a dark theme. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #1c2024; --dim: #5b6570; --page: #fbfbfc; --card: #ffffff; --line: #dfe3e8; --code: #f1f3f5;
  --error: #c4232b; --warning: #8a5a00; --note: #1f63b5; --good: #1c7a3d; --accent: #1f63b5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6e9ec; --dim: #9aa4ae; --page: #14171a; --card: #1b1f23; --line: #31373d; --code: #252a2f;
    --error: #ff7b80; --warning: #e3b25c; --note: #7db4f5; --good: #6fcf8e; --accent: #7db4f5;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.6em; margin: 0 0 8px; }
h2 { font-size: 1.25em; margin: 40px 0 12px; padding-top: 16px; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
h3 { font-size: 1.05em; margin: 28px 0 10px; }
h4 { font-size: 1em; font-weight: 600; margin: 0 0 8px; }
code, pre { font: 0.88em/1.5 ui-monospace, monospace; }
h4 code, td code { font-weight: 600; }
pre { background: var(--code); border-radius: 6px; padding: 8px 12px; margin: 4px 0 10px; overflow-x: auto; white-space: pre; }
p { margin: 6px 0; overflow-wrap: anywhere; }
a { color: var(--accent); }
.tally { font-size: 1.1em; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 12px 0; }
.facts div { min-width: 0; }
.facts dt { color: var(--dim); font-size: 0.8em; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 10px; margin-right: 6px;
  font-size: 0.8rem; font-weight: 600; line-height: 1.6; vertical-align: middle; white-space: nowrap; color: var(--dim); }
.badge.error, .badge.findings, .badge.not-a-plugin { color: var(--error); }
.badge.warning, .badge.incomplete { color: var(--warning); }
.badge.note { color: var(--note); }
.badge.clean, .badge.passed { color: var(--good); }
.finding { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--dim); border-radius: 8px;
  padding: 14px 18px; margin: 12px 0; }
.finding.error { border-left-color: var(--error); }
.finding.warning { border-left-color: var(--warning); }
.finding.note { border-left-color: var(--note); }
.finding:target { outline: 2px solid var(--accent); }
.finding b, .found b { color: var(--dim); font-weight: 600; font-size: 0.85em; margin-right: 6px; }
.found { margin-bottom: 10px; padding-bottom: 4px; border-bottom: 1px dashed var(--line); }
.message { font-weight: 600; }
.problem { color: var(--error); font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 12px; }
figure, .numbers { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; margin: 0; min-width: 0; }
figcaption, .numbers { color: var(--dim); font-size: 0.9em; overflow-wrap: anywhere; }
figcaption code, .numbers code { font-weight: 600; color: var(--text); margin-right: 6px; }
.numbers { list-style: none; margin-top: 12px; }
svg { display: block; width: 100%; height: auto; margin-top: 6px; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
svg .bar, svg .point { fill: var(--accent); }
svg .axis { stroke: var(--line); stroke-width: 1; }
svg .fit { stroke: var(--error); stroke-width: 1.5; }
svg .mark { stroke: var(--warning); stroke-width: 1; stroke-dasharray: 4 3; }
.filter { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; margin: 0 0 10px; }
.filter input, .filter select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; padding: 4px 10px; }
.filter input { flex: 0 1 280px; min-width: 0; }
.command button { font: inherit; font-size: 0.8em; color: var(--accent); background: none; border: 1px solid var(--line);
  border-radius: 6px; padding: 0 10px; cursor: pointer; }
.shown { color: var(--dim); font-size: 0.9em; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-size: 0.8em; color: var(--dim); font-weight: 600; }
th, td { padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
td.number, th:last-child { text-align: right; font-variant-numeric: tabular-nums; }
td code { white-space: nowrap; }
td:nth-child(3) { min-width: 16em; overflow-wrap: anywhere; }
.reason { color: var(--dim); font-size: 0.9em; }
footer { margin-top: 48px; color: var(--dim); font-size: 0.85em; }
`;
