// Seeded mistakes that the simulation must find. None of them touches the library. Each changes an input, such as a
// store, a provider or an option, or wraps a guard, so that the whole behaves as if the mistake were in the code.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { HoldStore, PayoutGuard, PayoutGuardOptions, WalletSettings } from 'payout-guard';
import type { Flaws, StoreOptions } from '../engines/engine.js';
import type { Process } from '../process.js';
import type { Rule } from '../violation.js';
import type { World } from '../world.js';

export interface Mutant {
  /** The mistake as a sentence. */
  readonly name: string;
  /** The number of the money rule that the mistake breaks, or the invariant of the design. */
  readonly standsFor: string;
  /** The worst violation that follows. */
  readonly breaks: Rule;
  /** Changes the options of a guard. */
  readonly options?: (options: PayoutGuardOptions, world: World, process: Process) => PayoutGuardOptions;
  /** Changes the settings of each wallet of a guard. */
  readonly wallet?: (settings: WalletSettings, world: World, process: Process) => WalletSettings;
  /** Wraps a guard. */
  readonly guard?: (guard: PayoutGuard, world: World, process: Process) => PayoutGuard;
  /** Replaces `verdictOn` of a handler. */
  readonly verdictOn?: (req: Request, res: Response) => 'completed' | 'failed' | undefined;
  /** Wraps a route of a guard. */
  readonly route?: (route: RequestHandler, guard: PayoutGuard) => RequestHandler;
  /** Wraps the error handler of a guard. */
  readonly errors?: (handler: ErrorRequestHandler, guard: PayoutGuard) => ErrorRequestHandler;
  /** Changes the store that all processes share. */
  readonly store?: (store: HoldStore, world: World) => HoldStore;
  /** Runs when a process has crashed. */
  readonly afterCrash?: (world: World, process: Process) => void;
  /** Changes the options of a shared store. */
  readonly shared?: (options: StoreOptions) => StoreOptions;
  /** Mistakes of a real engine. */
  readonly flaws?: Flaws;
  /** Durations that a process measures are counted on a clock that steps with the one of the store. */
  readonly durationsStep?: true;
  /** Shared stores check for lost data only on requests. */
  readonly looksNever?: true;
  /** The store that the mistake applies to: the store of this process, shared ones, or both when absent. */
  readonly only?: 'local' | 'shared';
}
