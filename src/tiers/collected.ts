/** Instances that were garbage collected without being closed. */

const warned = new Set<string>();

/** Warns of an instance that was garbage collected without `close`, once per plugin. */
export function warnCollected(plugin: string): void {
  if (warned.has(plugin)) return;
  warned.add(plugin);
  const advice = 'Call close() on each instance, or declare it with `using`';
  process.emitWarning(
    `An instance of plugin ${plugin} was collected without close(). It was dropped now, but the time of garbage collection is unpredictable. ${advice}.`,
    'TenonWarning',
  );
}
