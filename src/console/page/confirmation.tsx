// The content of a dialog: what an action is about, what it means for money, and the form that makes it.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type ActionRequest, ApiError, act } from './api.js';
import { Amount, Problem } from './format.js';
import { Text } from './text.js';
import { type Action, actionNames, type Hold, type Session, type UnusualDebit } from './types.js';
import { messageOf } from './use-data.js';

export interface ActionProps {
  readonly session: Session;
  readonly action: Action;
  readonly hold?: Hold | undefined;
  readonly wallet?: string | undefined;
  /** False: there is nothing to act on any more, so there is no button. An open dialog stays, and explains it. */
  readonly isPossible?: boolean | undefined;
  readonly onOpen?: (() => void) | undefined;
  readonly onDone?: (() => void) | undefined;
}

/** The subject of an open dialog, as the operator saw it: data that arrives meanwhile must not replace it. */
export interface Opening {
  readonly number: number;
  readonly action: Action;
  readonly hold: Hold | undefined;
}

interface ConfirmationProps extends ActionProps {
  readonly opening: Opening;
  readonly close: () => void;
}

export function Confirmation(props: ConfirmationProps) {
  const { session, opening, wallet, close, onDone } = props;
  const { action, hold } = opening;
  const [reason, setReason] = useState('');
  const [amount, setAmount] = useState(hold?.amount ?? '');
  const [unusual, setUnusual] = useState<UnusualDebit>();
  const [isConfirmed, setConfirmed] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const reasonInput = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => reasonInput.current?.focus(), []);
  const change = isBusy ? undefined : changeOf(props);
  if (change) {
    return (
      <Notice {...props} title="Changed meanwhile.">
        {change} Nothing was done. Close this, and look again.
      </Notice>
    );
  }
  const type = (typed: string) => {
    setAmount(typed);
    setUnusual(undefined);
    setConfirmed(false);
  };
  const confirm = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const request = requestOf(props, { reason: reason.trim(), amount: amount.trim(), isConfirmed });
      await act(session, request);
      close();
      onDone?.();
    } catch (error) {
      const found = error instanceof ApiError ? error.unusualDebit : undefined;
      setUnusual(found);
      if (!found) setProblem(messageOf(error));
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void confirm(event)}>
      <Subject {...props} />
      <p>{session.actions[action]}</p>
      {action === 'capture' && hold && (
        <label>
          Real debit, fee included, in {hold.currency}
          <input value={amount} onInput={(event) => type(event.currentTarget.value)} inputMode="decimal" required />
        </label>
      )}
      <label>
        Reason, for the history
        <input
          name="reason"
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
          maxLength={200}
          required
          ref={reasonInput}
        />
      </label>
      {unusual && <Unusual debit={unusual} isConfirmed={isConfirmed} onConfirm={setConfirmed} />}
      <Problem text={problem} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={isBusy || (unusual !== undefined && !isConfirmed)}>
          {actionNames[action]}{' '}
          {hold ? <Money value={action === 'capture' ? amount : hold.amount} currency={hold.currency} /> : wallet}
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function Subject({ opening: { action, hold }, wallet }: ConfirmationProps) {
  return (
    <>
      <h2>
        {actionNames[action]} {hold ? 'payout' : 'wallet'}
      </h2>
      <p class="subject">
        {hold ? (
          <>
            <span class="reference">
              <Text value={hold.reference} />
            </span>
            <br />
            <strong>
              <Money value={hold.amount} currency={hold.currency} />
            </strong>{' '}
            from wallet {hold.wallet}
          </>
        ) : (
          <strong>{wallet}</strong>
        )}
      </p>
    </>
  );
}

function Money({ value, currency }: { readonly value: string; readonly currency: string }) {
  return (
    <>
      <Amount value={value} /> {currency}
    </>
  );
}

interface UnusualProps {
  readonly debit: UnusualDebit;
  readonly isConfirmed: boolean;
  readonly onConfirm: (isConfirmed: boolean) => void;
}

/** The second question: a debit that is far from the held amount is most likely typed wrongly. */
function Unusual({ debit: { debit, held, currency, comparison }, isConfirmed, onConfirm }: UnusualProps) {
  const box = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  return (
    <div class="banner warn" role="alert">
      <p>
        <strong>Unusual debit.</strong> <Money value={debit} currency={currency} /> is <strong>{comparison}</strong> of{' '}
        <Money value={held} currency={currency} />. Compare it with the provider, digit by digit.
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={isConfirmed}
          onChange={(event) => onConfirm(event.currentTarget.checked)}
          ref={box}
        />
        <span>
          The provider shows a debit of <Money value={debit} currency={currency} />
        </span>
      </label>
    </div>
  );
}

/** A sentence in place of the form, and a way out. */
function Notice({ title, children, ...props }: ConfirmationProps & { title: string; children: ComponentChildren }) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => button.current?.focus(), []);
  return (
    <>
      <Subject {...props} />
      <p class="banner warn" role="alert">
        <strong>{title}</strong> {children}
      </p>
      <div class="buttons">
        <button type="button" onClick={props.close} ref={button}>
          Close
        </button>
      </div>
    </>
  );
}

/** The change of the payout or wallet since the dialog opened. */
function changeOf({ opening, action, hold, wallet }: ConfirmationProps): string | undefined {
  const { hold: seen } = opening;
  if (!seen) {
    if (action === opening.action) return undefined;
    return `Wallet ${wallet} ${opening.action === 'freeze' ? 'is frozen' : 'is not frozen any more'}.`;
  }
  if (!hold) return 'The store has no hold of this reference any more.';
  if (hold.attempt !== seen.attempt) return 'Another payout has taken the reference.';
  if (hold.state === seen.state) return undefined;
  return `The payout is ${hold.state} now; it was ${seen.state}.`;
}

interface Given {
  readonly reason: string;
  readonly amount: string;
  readonly isConfirmed: boolean;
}

function requestOf({ opening: { action, hold }, wallet }: ConfirmationProps, given: Given): ActionRequest {
  const { reason } = given;
  if (!hold) return { action, reason, wallet };
  const { reference, attempt, state } = hold;
  if (action === 'lookUp') return { action, reason, reference };
  return {
    action,
    reason,
    reference,
    attempt,
    state,
    amount: debitOf(action, hold, given.amount),
    confirmUnusualDebit: given.isConfirmed || undefined,
  };
}

/** The held amount needs no mention: the store knows it. */
function debitOf(action: string, hold: Hold, amount: string): string | undefined {
  return action === 'capture' && amount !== hold.amount ? amount : undefined;
}
