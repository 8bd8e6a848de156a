// payout-guard/telemetry: metrics and traces through the OpenTelemetry API, and structured log lines.
export { type EventLogger, type LogEventsOptions, logEvents } from './log-events.js';
export { createTelemetry, type ObserveOptions, type Telemetry, type TelemetryOptions } from './telemetry.js';
