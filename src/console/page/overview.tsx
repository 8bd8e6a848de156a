// Every wallet, live, and a chart of each.

import { useState } from 'preact/hooks';
import { ActionButton } from './action.js';
import { ChartOf } from './chart.js';
import { Amount, durationText, Problem, Time } from './format.js';
import type { PageProps } from './route.js';
import { Text } from './text.js';
import type { Overview, Session, WalletView } from './types.js';
import { useOverview } from './use-overview.js';

export function OverviewPage({ session }: PageProps) {
  const { value, isLive, problem } = useOverview();
  return (
    <>
      <p class="live" role="status">
        <span aria-hidden="true">{isLive ? '●' : '○'}</span> {isLive ? 'Live' : 'Connecting'}
        {value && (
          <>
            , as of <Time at={value.at} />
          </>
        )}
      </p>
      <Problem text={problem} />
      {value && <Banners overview={value} session={session} />}
      {value?.wallets.length === 0 && <p>The guard knows no wallet yet. Wallets appear with their first payout.</p>}
      {value?.wallets.map((wallet) => (
        <Wallet key={wallet.wallet} wallet={wallet} session={session} />
      ))}
    </>
  );
}

function Banners({ overview, session }: { readonly overview: Overview; readonly session: Session }) {
  const { wallets } = overview;
  const recovering = Math.max(0, ...wallets.map(({ recoveringForMs = 0 }) => recoveringForMs));
  const { isClosed } = overview;
  const isOther = ({ problem }: WalletView) => problem !== undefined && problem.reason !== 'store';
  // A guard that is closed reads no wallet: that is no fault of their providers.
  const isUnreachable = (wallet: WalletView) => isOther(wallet) && !isClosed;
  return (
    <>
      {isClosed && (
        <p class="banner bad" role="alert">
          <strong>Stopped.</strong> The guard of this process is closed: it approves no payout, and what is shown here
          does not change any more. Load the page again to reach another process.
        </p>
      )}
      {overview.isObserving && (
        <p class="banner warn">
          <strong>Only observing.</strong> This guard refuses no payout. What it would have refused is counted in its
          report.
        </p>
      )}
      {overview.isStoreUnreachable && !isClosed && (
        <p class="banner bad" role="alert">
          <strong>Store unreachable.</strong> The hold store does not respond, so payouts are refused. Check the
          database and the connection to it.
        </p>
      )}
      {recovering > 0 && (
        <p class="banner bad" role="alert">
          <strong>In recovery.</strong> The store is new or lost data, and waits for open holds to be restored. Nothing
          is approved for another {durationText(recovering)}.
        </p>
      )}
      {wallets.filter(isUnreachable).map(({ wallet, provider, problem }) => (
        <p class="banner bad" role="alert" key={wallet}>
          <strong>Wallet {wallet} unreachable.</strong> {provider}: <Text value={problem?.message ?? ''} />
        </p>
      ))}
      {session.canAct && !session.hasHistory && (
        <p class="banner warn">
          <strong>Actions are not recorded.</strong> Give the console a history, so that each has its name and reason.
        </p>
      )}
    </>
  );
}

function Wallet({ wallet: view, session }: { readonly wallet: WalletView; readonly session: Session }) {
  const [hours, setHours] = useState('24');
  const { wallet, currency, provider, funds, isPending, frozen, runway, hasDailyLimits, thresholds } = view;
  const obstacle = obstacleOf(view);
  const id = `wallet-${wallet}`;
  return (
    <section class="wallet" aria-labelledby={id} data-wallet={wallet}>
      <div class="head">
        <h2 id={id}>
          {wallet} <span class="currency">{currency}</span>
        </h2>
        <Freeze wallet={view} />
        <span class="spacer" />
        <ActionButton session={session} action="acceptLimits" wallet={wallet} isPossible={hasDailyLimits} />
        <ActionButton session={session} action={frozen ? 'unfreeze' : 'freeze'} wallet={wallet} />
      </div>
      {frozen && (
        <p class="banner warn">
          <strong>Frozen</strong> since <Time at={frozen.since} />: <Text value={frozen.reason} />
        </p>
      )}
      <dl class="figures">
        <Figure name="Available" value={funds?.available} {...{ currency }} />
        <Figure name="Held" value={funds?.held} {...{ currency }} />
        <Figure name="Spendable" value={funds?.spendable} isMain={!obstacle} note={obstacle} {...{ currency }} />
        <Figure name="Floor" value={funds?.floor} {...{ currency }} />
      </dl>
      <dl class="facts">
        <dt>Provider</dt>
        <dd>
          {provider}: {providerText(view)}
        </dd>
        <dt>Balance read</dt>
        <dd>{funds ? <Fresh asOf={funds.asOf} ageMs={funds.ageMs} /> : isPending ? 'being read' : 'not available'}</dd>
        <dt>Runway</dt>
        <dd>
          {runway ? (
            <>
              empty at <Time at={runway.emptyAt} seconds={false} />, at <Amount value={runway.perHour} /> {currency} an
              hour
            </>
          ) : (
            'no captures yet'
          )}
        </dd>
        {thresholds.length > 0 && (
          <>
            <dt>Alerts below</dt>
            <dd>
              {thresholds.map((one, index) => (
                <span key={one}>
                  {index > 0 && ', '}
                  <Amount value={one} />
                </span>
              ))}{' '}
              {currency}
            </dd>
          </>
        )}
      </dl>
      <ChartOf wallet={wallet} hours={hours} onHours={setHours} />
    </section>
  );
}

function Freeze({ wallet: { frozen, isFreezeUnknown } }: { readonly wallet: WalletView }) {
  if (isFreezeUnknown) return <FreezeState kind="unknown" mark="?" name="frozen or not: unknown" />;
  if (frozen) return <FreezeState kind="frozen" mark="■" name="frozen" />;
  return <FreezeState kind="open" mark="▶" name="not frozen" />;
}

function FreezeState({ kind, mark, name }: { readonly kind: string; readonly mark: string; readonly name: string }) {
  return (
    <span class={`state state-${kind}`}>
      <span aria-hidden="true">{mark}</span> {name}
    </span>
  );
}

function providerText({ isPending, problem }: WalletView): string {
  if (isPending) return 'being asked';
  return problem ? (problem.reason ?? problem.code) : 'answers';
}

/** The reason why nothing can be paid out now, whatever the spendable amount is. */
function obstacleOf({ frozen, isFreezeUnknown, recoveringForMs = 0, problem }: WalletView): string | undefined {
  if (frozen) return 'not until it is unfrozen';
  if (problem) return 'not now: payouts are refused';
  if (recoveringForMs > 0) return 'not until open holds are restored';
  return isFreezeUnknown ? 'not now: the store does not respond' : undefined;
}

interface FigureProps {
  readonly name: string;
  readonly value: string | undefined;
  readonly currency: string;
  readonly isMain?: boolean;
  readonly note?: string | undefined;
}

function Figure({ name, value, currency, isMain = false, note }: FigureProps) {
  return (
    <div class={`figure figure-${name.toLowerCase()} ${isMain ? 'main' : ''}`}>
      <dt>{name}</dt>
      <dd>
        {value === undefined ? (
          'unknown'
        ) : (
          <>
            <Amount value={value} /> <span class="currency">{currency}</span>
          </>
        )}
        {note && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

function Fresh({ asOf, ageMs }: { readonly asOf: string; readonly ageMs: number }) {
  return (
    <>
      <Time at={asOf} />, {durationText(ageMs)} old
    </>
  );
}
