// Every action with its operator and reason.

import { Records, useRecords } from './records.js';
import type { PageProps } from './route.js';

export function Operators(props: PageProps) {
  const data = useRecords('operators', props);
  return (
    <Records
      {...props}
      data={data}
      name="operators"
      what="The action of an operator"
      empty="No operator has acted, and no wallet was frozen."
    />
  );
}
