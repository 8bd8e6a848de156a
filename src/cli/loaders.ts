// Imports commands by their names: each one loads its own code alone.
import type { Run } from './call.js';

export const loaders: Readonly<Record<string, () => Promise<Run>>> = {
  status: async () => (await import('./commands/status.js')).status,
  watch: async () => (await import('./commands/watch.js')).watch,
  holds: async () => (await import('./commands/holds.js')).holds,
  hold: async () => (await import('./commands/hold.js')).hold,
  capture: async () => (await import('./commands/settle.js')).capture,
  release: async () => (await import('./commands/settle.js')).release,
  reconcile: async () => (await import('./commands/reconcile.js')).reconcile,
  freeze: async () => (await import('./commands/wallet-actions.js')).freeze,
  unfreeze: async () => (await import('./commands/wallet-actions.js')).unfreeze,
  'accept-limits': async () => (await import('./commands/wallet-actions.js')).acceptLimits,
  report: async () => (await import('./commands/report.js')).report,
  drift: async () => (await import('./commands/drift.js')).drift,
  plan: async () => (await import('./commands/plan.js')).plan,
  migrate: async () => (await import('./commands/migrate.js')).migrate,
  doctor: async () => (await import('./commands/doctor.js')).doctor,
  console: async () => (await import('./commands/console.js')).serveConsole,
  completion: async () => (await import('./commands/completion.js')).completion,
};
