// The answers of the console as the page reads them: times are text in ISO 8601, amounts decimal text.

export type Action = 'capture' | 'release' | 'lookUp' | 'freeze' | 'unfreeze' | 'acceptLimits';

export const actionNames: Readonly<Record<Action, string>> = {
  capture: 'Capture',
  release: 'Release',
  lookUp: 'Look up now',
  freeze: 'Freeze',
  unfreeze: 'Unfreeze',
  acceptLimits: 'Accept daily limits',
};

/** A debit that has to be confirmed a second time. */
export interface UnusualDebit {
  readonly debit: string;
  readonly held: string;
  readonly currency: string;
  readonly comparison: string;
}

export interface WalletName {
  readonly wallet: string;
  readonly currency: string;
  readonly exponent: number;
}

export interface Session {
  readonly name: string;
  readonly canAct: boolean;
  /** The actions on offer, and what each means for money. */
  readonly actions: Readonly<Partial<Record<Action, string>>>;
  readonly tokenHeader?: string;
  readonly token?: string;
  readonly hasHistory: boolean;
  readonly hasMonitor: boolean;
  readonly wallets: readonly WalletName[];
}

export interface WalletView extends WalletName {
  readonly provider: string;
  /** Not read yet. */
  readonly isPending?: true;
  readonly isFreezeUnknown?: true;
  readonly funds?: {
    readonly available: string;
    readonly held: string;
    readonly spendable: string;
    readonly floor: string;
    readonly asOf: string;
    readonly ageMs: number;
  };
  readonly problem?: { readonly code: string; readonly reason?: string; readonly message: string };
  readonly frozen?: { readonly reason: string; readonly since: string };
  readonly recoveringForMs?: number;
  readonly runway?: { readonly perHour: string; readonly watchedMs: number; readonly emptyAt: string };
  readonly hasDailyLimits?: true;
  readonly thresholds: readonly string[];
}

export interface Overview {
  readonly at: string;
  readonly isObserving: boolean;
  readonly isClosed: boolean;
  readonly isStoreUnreachable: boolean;
  readonly wallets: readonly WalletView[];
}

export type HoldState = 'reserved' | 'sent' | 'captured' | 'released';

export interface Hold {
  readonly reference: string;
  readonly wallet: string;
  readonly state: HoldState;
  readonly attempt: string;
  readonly amount: string;
  readonly currency: string;
  readonly captured?: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly sentAt?: string;
  readonly endedAt?: string;
  readonly failed?: boolean;
  readonly awaitsOutcome?: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface HoldPage {
  readonly now: string;
  readonly holds: readonly Hold[];
  readonly next?: string;
}

export interface Entry {
  readonly kind: string;
  readonly at: string;
  readonly wallet?: string;
  readonly reference?: string;
  readonly amount?: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
  /** It stands for so many, and is the latest. */
  readonly times?: number;
  readonly firstAt?: string;
}

export interface Life {
  readonly now: string;
  readonly hold?: Hold;
  readonly entries: readonly Entry[];
  readonly isCut: boolean;
}

export interface Alert {
  readonly id: string;
  readonly kind: string;
  readonly message: string;
  readonly wallet: string;
  readonly at: string;
  readonly reference?: string;
}

export interface EntryPage {
  readonly now: string;
  readonly hasHistory: boolean;
  readonly entries: readonly Entry[];
  readonly before?: string;
  readonly alerts?: readonly Alert[];
}

export interface Marker {
  readonly atMs: number;
  readonly kind: string;
  readonly reference?: string;
  readonly amount?: string;
  readonly message?: string;
}

export interface ChartData extends WalletName {
  readonly fromMs: number;
  readonly toMs: number;
  readonly points: readonly { readonly atMs: number; readonly available: string; readonly spendable?: string }[];
  readonly thresholds: readonly string[];
  readonly holds: readonly Marker[];
  readonly alerts: readonly Marker[];
}
