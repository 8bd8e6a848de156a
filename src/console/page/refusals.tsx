// The answer to "why was this payout refused at 14:03?".

import { Records, useRecords } from './records.js';
import type { PageProps } from './route.js';

export function Refusals(props: PageProps) {
  const data = useRecords('refusals', props);
  return (
    <Records {...props} data={data} name="refusals" what="The reason of a refusal" empty="No payout was refused." />
  );
}
