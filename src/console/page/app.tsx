// The frame of every page: its name, the way to the others, and who is here.
import { useEffect, useRef } from 'preact/hooks';
import { Alerts } from './alerts.js';
import { Drift } from './drift.js';
import { catchFocus } from './focus.js';
import { Link, Problem } from './format.js';
import { Operators } from './operators.js';
import { OverviewPage } from './overview.js';
import { PayoutPage } from './payout.js';
import { Payouts } from './payouts.js';
import { Refusals } from './refusals.js';
import { Report } from './report.js';
import { useRoute } from './route.js';
import { Text, visible } from './text.js';
import type { Session } from './types.js';
import { useData } from './use-data.js';

const pages = {
  overview: { title: 'Overview', show: OverviewPage },
  payouts: { title: 'Payouts', show: Payouts },
  refusals: { title: 'Refusals', show: Refusals },
  drift: { title: 'Unexplained changes', show: Drift },
  alerts: { title: 'Alerts', show: Alerts },
  operators: { title: 'Operators', show: Operators },
  report: { title: 'Day report', show: Report },
} as const;

export function App() {
  const route = useRoute();
  const { value: session, problem } = useData<Session>('session');
  const name = route.page ?? 'overview';
  const isPayout = name === 'payout';
  const page = pages[name as keyof typeof pages] ?? pages.overview;
  const title = isPayout ? `Payout ${visible(route.reference ?? '')}` : page.title;
  useEffect(() => {
    document.title = `${title} · Payouts`;
  }, [title]);
  const isFirst = useRef(true);
  // The link that was followed may have gone with its page. On the first page, the way to skip the links comes first.
  useEffect(() => {
    if (!isFirst.current) catchFocus();
    isFirst.current = false;
  }, [name, route.reference]);
  const Page = isPayout ? PayoutPage : page.show;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header>
        <span class="brand">Payouts</span>
        <nav aria-label="Pages">
          {Object.entries(pages).map(([key, { title }]) => (
            <PageLink key={key} name={key} title={title} isCurrent={key === (isPayout ? 'payouts' : name)} />
          ))}
        </nav>
        {session && (
          <span class="user">
            <Text value={session.name} /> · {session.canAct ? 'may act' : 'read only'}
          </span>
        )}
      </header>
      <main id="main" tabIndex={-1}>
        <h1>
          <bdi>{title}</bdi>
        </h1>
        <Problem text={problem} />
        {session && <Page session={session} route={route} key={isPayout ? route.reference : name} />}
      </main>
    </>
  );
}

function PageLink({ name, title, isCurrent }: { name: string; title: string; isCurrent: boolean }) {
  return (
    <Link to={{ page: name }} {...(isCurrent && { class: 'current' })} {...(isCurrent && { 'aria-current': 'page' })}>
      {title}
    </Link>
  );
}
