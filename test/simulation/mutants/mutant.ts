// Mistakes, to see that the simulation finds them. None of them touches the library: each changes what it is given, a
// store, a provider or an option, or wraps a guard, so that the whole behaves as if the mistake were in the code.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { HoldStore, PayoutGuard, PayoutGuardOptions, WalletSettings } from 'payout-guard';
import type { Flaws, StoreOptions } from '../engines/engine.js';
import type { Process } from '../process.js';
import type { Rule } from '../violation.js';
import type { World } from '../world.js';

export interface Mutant {
  /** A sentence: what is wrong. */
  readonly name: string;
  /** The rule of money that it stands for, by its number in the rules, or the invariant of the design. */
  readonly standsFor: string;
  /** The worst that comes of it. */
  readonly breaks: Rule;
  /** Changes what a guard is made with. */
  readonly options?: (options: PayoutGuardOptions, world: World, process: Process) => PayoutGuardOptions;
  /** Changes the settings of each wallet of a guard. */
  readonly wallet?: (settings: WalletSettings, world: World, process: Process) => WalletSettings;
  /** Wraps a guard. */
  readonly guard?: (guard: PayoutGuard, world: World, process: Process) => PayoutGuard;
  /** What the answers of a handler prove. */
  readonly verdictOn?: (req: Request, res: Response) => 'completed' | 'failed' | undefined;
  /** Wraps a route of a guard. */
  readonly route?: (route: RequestHandler, guard: PayoutGuard) => RequestHandler;
  /** Wraps the error handler of a guard. */
  readonly errors?: (handler: ErrorRequestHandler, guard: PayoutGuard) => ErrorRequestHandler;
  /** Changes the store that all processes share. */
  readonly store?: (store: HoldStore, world: World) => HoldStore;
  /** Something that happens when a process has crashed. */
  readonly afterCrash?: (world: World, process: Process) => void;
  /** Changes what a shared store is made with. */
  readonly shared?: (options: StoreOptions) => StoreOptions;
  /** Mistakes of a real engine. */
  readonly flaws?: Flaws;
  /** Durations that a process measures are counted on a clock that steps with the one of the store. */
  readonly durationsStep?: true;
  /** Shared stores look for a loss of memory only when they are asked something. */
  readonly looksNever?: true;
  /** Where it can be made: in the store of this process, in shared ones, or, when absent, in both. */
  readonly only?: 'local' | 'shared';
}
