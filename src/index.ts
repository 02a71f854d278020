export { ABI_VERSION, type LogLevel, Status, type StatusName } from './abi.js';
export type { RequireOptions } from './admission/requirement.js';
export type { TrustOptions } from './admission/trust.js';
export { GATES, type Gate, type GateTime, type ProbeMode } from './admission.js';
export { Batch, BatchResult, type LinesOptions } from './batch.js';
export type { CheckLevel } from './check-records.js';
export type { Config } from './config.js';
export { CrashReport } from './crash-report.js';
export { ErrorCode, TenonError, type TenonErrorCode, type TenonErrorDetails } from './errors.js';
export { type Capabilities, type Discovery, type HostOptions, PluginHost } from './host.js';
export type { Descriptor, ExportedSymbol, LibraryFacts } from './inspect/facts.js';
export { inspectFile } from './inspect/index.js';
export { Instance, type InstanceEventMap, type LogEntry } from './instance.js';
export {
  type BytesMethod,
  defineKind,
  type Kind,
  type KindApi,
  type KindDefinition,
  type Methods,
  method,
  type RecordMethod,
} from './kind.js';
export type { Fields, FieldType } from './layout.js';
export type { LoadOptions, Profile } from './load-options.js';
export type { Manifest } from './manifest.js';
export { packageVersion } from './package.js';
export { Plugin, type PluginEventMap } from './plugin.js';
export type { PluginProcess } from './plugin-tier.js';
export type { QuarantineEntry } from './quarantine.js';
export type { BackoffOptions, RestartOptions } from './supervision/restart.js';
export type { ProcessLimits } from './tiers/process/settings.js';
export type { Binding, CallOptions, Isolation, QueueLimits } from './tiers/tier.js';
export type { VersionPolicy } from './version.js';
