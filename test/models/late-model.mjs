// Exhaustive model of late, repeated and lost messages between processes and a store, and of a store that loses data:
// the protocol of docs/decisions/0012-late-messages.md. The model visits every reachable state.
//
// 2 processes, a wallet of 10. Payout A of 6 has attempts A1 (at P) and A2 (a retry, at P or Q, perhaps with another
// wallet by mistake). Payout B of 6 has attempt B1. A lost message or answer is one that stays under way for ever. With
// `reserve`, the attempts of payout A reserve first, and a second message marks them as sent.
//
// Faults: the client library resends a request for a hold once. Memory is lost, or a process crashes. One put-back
// arrives twice, late. An operator releases a payout that is under way.
//
// Invariants:
// 1 the provider's balance covers the payouts under way
// 2 no reference is sent twice
// 3 the sent hold of a live process is in the store
// 4 an attempt that is over leaves no hold, and every state reaches, without more faults, a state without any hold
// 5 no retry is answered "duplicate" because of an attempt that was given up (switches *409)
// 6 a capture that was answered is in the store
//
// Usage: node late-model.mjs [switch ...]. Exits with 0 if the invariants hold in all states. Otherwise exits with 1
// and prints the shortest path to a state that breaks one.

/** Options of the model. `rollback`: memory may go back in time instead of being lost. `aOnly`: without payout B. */
const environment = ['noResend', 'sameWallet', 'noLatePut', 'rollback', 'reserve', 'aOnly', 'wrongRelease'];
/** Omitted rules, each a mistake. */
const mistakes = [
  'noBarrier',
  'noPutBack',
  'undoOnce',
  'noEpoch',
  'oldReply',
  'open409',
  'noNotAfter',
  'lateIsNo',
  'undoEarly',
  'runTwice',
  'clockBack',
  'undoByRef',
  'noTurn',
  'old409',
  'oldSent',
  'sentUnanswered',
  'keepUnsent',
  'lateSent',
  'keepReserved',
  'expireSent',
  'noLateCapture',
];
const switches = process.argv.slice(2),
  title = switches.join(' ') || 'everything',
  on = Object.fromEntries(switches.map((name) => [name, true]));
const unknown = switches.filter((name) => ![...environment, ...mistakes].includes(name));
if (unknown.length > 0) throw new Error(`${unknown} is none of ${environment.join(' ')} ${mistakes.join(' ')}`);

// A state is a list of small numbers. E: epoch of the store. PE + p: the epoch that a process has entered. X: crashed
// process + 1. RESENT to BACK: faults used up. FALSE_409: a wrong 409. WRONG: the operator released a payout under way.
const E = 0,
  PE = 1,
  X = 3,
  RESENT = 4,
  LATE = 5,
  SAVED = 6,
  BACK = 7,
  FALSE_409 = 8,
  WRONG = 9,
  A = 10,
  FIELDS = 14;
const ROWS = A + 3 * FIELDS,
  COLUMNS = 6,
  COPY = ROWS + 2 * COLUMNS;
// An attempt: its phase. BY: its process. NET: copies of its request under way. REP: answers under way (bits: no, held
// in epoch 0, held in epoch 1). IN: epoch and FITS: limit (10 or less) of the request. PAST: the store's time is beyond
// its notAfter. RAN: in this epoch. PUT: a late put-back is under way. OTHER: wallet. TURN: the hold of its reference
// that this attempt took. The same fields of its request to be marked as sent: SENT bits (1 under way, 2 refused, 4
// given in epoch 0, 8 given in epoch 1), SIN its epoch, SPAST.
const BY = 1,
  NET = 2,
  REP = 3,
  IN = 4,
  FITS = 5,
  PAST = 6,
  RAN = 7,
  PUT = 8,
  OTHER = 9,
  TURN = 10,
  SENT = 11,
  SIN = 12,
  SPAST = 13;
const IDLE = 0,
  WAITING = 1,
  REFUSED = 2,
  GIVEN_UP = 3,
  UNDONE = 4,
  SENDING = 5,
  PAID = 6,
  CAPTURED = 7,
  FAILED = 8,
  RELEASED = 9,
  DEAD = 10;
// A reservation: held, then asked to be marked as sent, or to be released because that failed or was cancelled.
const RESERVED = 11,
  ASKED = 12,
  UNSENT = 13;
// A row, one for each reference: none, sent, released after it was sent, captured, released before, reserved. HAS: its
// attempt. NTH: its turn. OLD: back from before.
const NONE = 0,
  OPEN = 1,
  FREE = 2,
  TAKEN = 3,
  NEVER = 4,
  HELD = 5,
  HAS = 1,
  WALLET = 2,
  NTH = 3,
  OLD = 4;
const attempts = on.aOnly ? [0, 1] : [0, 1, 2],
  rows = [ROWS, ROWS + COLUMNS],
  name = (i) => ['A1', 'A2', 'B1'][i];
const at = (i) => A + i * FIELDS,
  row = (i) => rows[i === 2 ? 1 : 0],
  who = (p) => 'PQ'[p],
  isLive = (s, p) => s[X] !== p + 1;
const reserves = (i) => on.reserve && i !== 2,
  isUsed = (state) => state === OPEN || state === TAKEN || state === HELD;
const isOwn = (ph) => ph === SENDING || ph === PAID || ph === FAILED,
  isGone = (ph) => ph === PAID || ph === CAPTURED;
const isUnsent = (ph) => ph === RESERVED || ph === ASKED || ph === UNSENT,
  isAnyOpen = (state) => state === OPEN || state === HELD;
const isReady = (s) => on.noBarrier || s[E] === 0 || (s[PE] === 1 && s[PE + 1] === 1),
  hasOpen = (s, i) => isAnyOpen(s[row(i)]) && s[row(i) + HAS] === i;
const gone = (s) => attempts.filter((i) => isGone(s[at(i)]) && !s[at(i) + OTHER]).length,
  write = (s, r, ...values) =>
    values.forEach((value, k) => {
      s[r + k] = value;
    });

// The store. Each function is one atomic step. A hold answers 0 not executed, 1 no, 2 held.
function hold(s, i) {
  const a = at(i),
    r = row(i),
    isVoid = s[a + IN] !== s[E] && !on.noEpoch,
    other = at(s[r + HAS]);
  if (isVoid || (s[a + PAST] && !on.noNotAfter)) return on.lateIsNo ? 1 : 0; // not a no: a copy may have run
  if (!on.runTwice) {
    if (s[a + RAN]) return 0;
    s[a + RAN] = 1;
  }
  if (hasOpen(s, i)) return 2; // repeated by its own attempt
  if (isAnyOpen(s[r]) && s[other] === GIVEN_UP && (on.open409 || (on.old409 && s[other + PAST]))) s[FALSE_409] = 1;
  if (s[r] !== NONE && ((s[r] !== FREE && s[r] !== NEVER) || s[r + WALLET] !== s[a + OTHER] || s[r + HAS] === i))
    return 1;
  const used = 6 * rows.filter((any) => isUsed(s[any]) && !s[any + WALLET]).length;
  if (!isReady(s) || (!s[a + OTHER] && used + 6 > (s[a + FITS] ? 10 : 4))) return 1;
  s[a + TURN] = s[r] ? s[r + NTH] + 1 : 1;
  write(s, r, reserves(i) ? HELD : OPEN, i, s[a + OTHER], s[a + TURN], 0);
  return 2;
}
function undo(s, i) {
  // a release by attempt
  if (isAnyOpen(s[row(i)]) && (s[row(i) + HAS] === i || on.undoByRef)) s[row(i)] = s[row(i)] === HELD ? NEVER : FREE;
}
function markSent(s, i) {
  // 0 not executed, 1 refused, 2 given
  const a = at(i),
    r = row(i);
  if ((s[a + SIN] !== s[E] && !on.noEpoch) || (s[a + SPAST] && !on.noNotAfter)) return 0;
  const isGiven = s[r + HAS] === i && (s[r] === HELD || (on.lateSent && s[r] === NEVER));
  if (isGiven) s[r] = OPEN;
  return isGiven ? 2 : 1;
}
function settle(s, i, state) {
  const r = row(i),
    isOver = s[r] === FREE || s[r] === NEVER;
  if (hasOpen(s, i)) s[r] = state === FREE && s[r] === HELD ? NEVER : state;
  else if (state === TAKEN && isOver && s[r + HAS] === i && !on.noLateCapture) s[r] = TAKEN;
} // a payment made is a fact
function putBack(s, i) {
  const a = at(i),
    r = row(i),
    isSame = s[r + HAS] === i;
  if (s[r] === NONE || (isSame && (s[r] === HELD || s[r] === NEVER))); // gone, or behind: the put-back marks it as sent
  else if (
    isSame ||
    s[r] === TAKEN ||
    s[r + WALLET] !== s[a + OTHER] ||
    s[r + NTH] >= s[a + TURN] ||
    (isReady(s) && !on.noTurn)
  ) {
    if (!(on.noTurn && !isSame && s[r] !== TAKEN)) return;
  }
  write(s, r, OPEN, i, s[a + OTHER], s[a + TURN], 0);
}

function steps(s, go) {
  // all steps from a state: go(label, next state, whether it is a fault)
  const to = (label, change, isFault) => {
    const t = s.slice();
    change(t);
    go(label, t, isFault);
  };
  for (const i of attempts) {
    const a = at(i),
      p = s[a + BY],
      ph = s[a],
      live = isLive(s, p),
      by = `${live ? who(p) : 'lookup'}: ${name(i)}`,
      isPending = ph === WAITING || ph === GIVEN_UP;
    const become = (next) => (t) => {
      t[a] = next;
    };
    // A client that was answered that A is paid does not retry.
    if (ph === IDLE && (i !== 1 || (s[at(0)] !== IDLE && s[at(0)] !== CAPTURED)))
      for (const q of i ? [0, 1] : [0])
        for (const other of i === 1 && !on.sameWallet ? [0, 1] : [0])
          if (isLive(s, q)) {
            // The captures in its snapshot.
            const mark = s[PE + q] === s[E] ? rows.filter((r) => s[r] === TAKEN && !s[r + WALLET]).length : gone(s);
            to(`${who(q)}: asks to hold ${name(i)}${other ? ' (naming another wallet)' : ''}`, (t) =>
              write(t, a, WAITING, q, 1, 0, s[PE + q], gone(s) <= mark ? 1 : 0, 0, 0, 0, other),
            );
          }
    if (s[a + NET]) {
      const t = s.slice(),
        answer = hold(t, i);
      t[a + NET]--;
      if (answer && ph === WAITING) t[a + REP] |= answer === 1 ? 1 : s[E] ? 4 : 2;
      go(
        `store: request ${name(i)} arrives${ph === WAITING ? '' : ' LATE'}: ${['not executed', 'no', 'HELD'][answer]}`,
        t,
      );
    }
    if (!s[a + PAST] && (s[a + NET] || isPending))
      to(`time: notAfter of ${name(i)} passes`, (t) => {
        t[a + PAST] = 1;
      });
    if (on.clockBack && s[a + PAST] && !s[BACK])
      to(
        'time: RUNS BACK',
        (t) => {
          t[BACK] = 1;
          t[a + PAST] = 0;
        },
        true,
      );
    if (s[a + PUT])
      to(`store: put-back of ${name(i)} arrives LATE`, (t) => {
        t[a + PUT] = 0;
        putBack(t, i);
      });
    if (live && isPending && s[a + NET] < 2 && !s[RESENT] && !on.noResend)
      to(
        `${by} is RESENT by the client library`,
        (t) => {
          t[RESENT] = 1;
          t[a + NET]++;
          t[a + REP] = 0;
        },
        true,
      );
    if (ph === WAITING) to(`${by} gives up, refuses its client`, become(GIVEN_UP));
    if (s[a + REP] & 1) to(`${by} is told no`, become(REFUSED));
    for (const epoch of [0, 1])
      if (s[a + REP] & (2 << epoch)) {
        if (epoch >= s[PE + p] || on.oldReply) to(`${by} is told held`, become(reserves(i) ? RESERVED : SENDING));
        else to(`${by} is told held in an epoch that is over, refuses its client`, become(GIVEN_UP));
      }
    // A reservation.
    if (ph === RESERVED && live) {
      to(`${by} asks to be marked as sent`, (t) => {
        t[a] = ASKED;
        t[a + SENT] = 1;
        t[a + SIN] = t[PE + p];
        t[a + SPAST] = 0;
      });
      to(`${by} is not wanted any more`, become(UNSENT));
    }
    if (s[a + SENT] & 1) {
      const t = s.slice(),
        answer = markSent(t, i);
      t[a + SENT] &= ~1;
      if (answer && ph === ASKED) t[a + SENT] |= answer === 1 ? 2 : s[E] ? 8 : 4;
      const result = ['not executed', 'refused', 'GIVEN'][answer];
      go(`store: "sent" of ${name(i)} arrives${ph === ASKED ? '' : ' LATE'}: ${result}`, t);
      if (!s[a + SPAST])
        to(`time: notAfter of "sent" of ${name(i)} passes`, (u) => {
          u[a + SPAST] = 1;
        });
    }
    if (ph === ASKED) {
      if (s[a + SENT] & 2) to(`${by} is refused to be sent`, become(RELEASED));
      for (const epoch of [0, 1])
        if (s[a + SENT] & (4 << epoch)) {
          if (epoch >= s[PE + p] || on.oldSent) to(`${by} is given sent, sends the payout`, become(SENDING));
          else to(`${by} is given sent in an epoch that is over`, become(UNSENT));
        }
      to(
        `${by} has no answer to "sent"${on.sentUnanswered ? ', sends the payout' : ''}`,
        become(on.sentUnanswered ? SENDING : UNSENT),
      );
    }
    if (ph === UNSENT && (!live || s[PE + p] === s[E])) {
      for (const next of [ph, RELEASED])
        to(`${by} release executed${next === ph ? ', no answer' : ' and answered'}`, (t) => {
          settle(t, i, FREE);
          t[a] = next;
        });
      if (on.keepUnsent) to(`${by} release is lost, not tried again`, become(RELEASED));
    }
    if (s[row(i)] === HELD && s[row(i) + HAS] === i)
      to(`time: the reservation of ${name(i)} expires`, (t) => {
        t[row(i)] = NEVER;
      });
    if (on.expireSent && reserves(i) && s[row(i)] === OPEN && s[row(i) + HAS] === i)
      to(`time: the hold of ${name(i)} EXPIRES`, (t) => {
        t[row(i)] = NEVER;
      });
    const isSure = on.undoEarly || s[a + PAST] || s[a + IN] !== s[E];
    if (ph === GIVEN_UP)
      for (const next of isSure ? [ph, UNDONE] : [ph])
        to(`${by} undo executed${next === ph ? ', tried again' : ' and answered, forgotten'}`, (t) => {
          undo(t, i);
          t[a] = next;
        });
    if (ph === GIVEN_UP && on.undoOnce) to(`${by} undo is lost, not tried again`, become(UNDONE));
    if (ph === SENDING)
      for (const [what, next] of [
        ['money leaves', PAID],
        ['certainly not sent', FAILED],
      ])
        to(`provider: ${name(i)}: ${what}`, become(next));
    const [what, state, end] = ph === PAID ? ['capture', TAKEN, CAPTURED] : ['release', FREE, RELEASED],
      isForLookup = s[row(i) + OLD] && [REFUSED, UNDONE, CAPTURED, RELEASED].includes(ph);
    if ((ph === PAID || ph === FAILED) && (!live || s[PE + p] === s[E]))
      for (const next of [ph, end])
        to(`${by} ${what} executed${next === ph ? ', no answer' : ' and answered'}`, (t) => {
          settle(t, i, state);
          t[a] = next;
        });
    if (hasOpen(s, i) && (ph === DEAD || isForLookup))
      to(`lookup: the provider's word on ${name(i)}`, (t) => settle(t, i, ph === CAPTURED ? TAKEN : FREE));
    if (on.wrongRelease && !s[WRONG] && ph === PAID && hasOpen(s, i))
      to(
        `operator: releases ${name(i)}, which is UNDER WAY`,
        (t) => {
          settle(t, i, FREE);
          t[WRONG] = 1;
        },
        true,
      );
  }
  if (on.rollback && !s[SAVED] && !s[E])
    to('store: a replica is this far', (t) => {
      t[SAVED] = 1;
      t.copyWithin(COPY, ROWS, COPY);
    });
  if (!s[E] && !s[X]) {
    to(
      'store: LOSES ITS MEMORY',
      (t) => {
        t[E] = 1;
        t.copyWithin(ROWS, COPY);
        t.fill(0, COPY);
        for (const r of rows) {
          t[r + OLD] = t[r] ? 1 : 0;
          if (t[r] === HELD && !on.keepReserved) t[r] = NEVER;
        }
        for (const i of attempts) t[at(i) + RAN] = 0;
      },
      true,
    );
    const isLeft = (p, i) =>
      s[at(i) + BY] === p && (s[at(i)] === WAITING || s[at(i)] === GIVEN_UP || isUnsent(s[at(i)]));
    for (const p of [0, 1])
      to(
        `${who(p)}: CRASHES`,
        (t) => {
          t[X] = p + 1;
          for (const i of attempts) if (isLeft(p, i)) t[at(i)] = DEAD;
        },
        true,
      );
  }
  for (const p of [0, 1])
    if (s[PE + p] < s[E]) {
      const own = on.noPutBack ? [] : attempts.filter((i) => s[at(i) + BY] === p && isOwn(s[at(i)])),
        enter = (t) => {
          for (const i of own) putBack(t, i);
          t[PE + p] = 1;
        };
      const label = `${who(p)}: sees the new epoch, puts back ${own.map(name).join() || 'nothing'}`;
      to(label, enter);
      if (!s[LATE] && !on.noLatePut)
        for (const i of own)
          to(
            `${label}; one put-back of ${name(i)} is STILL UNDER WAY`,
            (t) => {
              enter(t);
              t[LATE] = t[at(i) + PUT] = 1;
            },
            true,
          );
    }
}
function keyOf(t) {
  // Values without any further effect are cleared, so that states become equal.
  const mayForget = !t[X] && !(t[E] && t[PE] && t[PE + 1]);
  for (const i of attempts) {
    const a = at(i),
      ph = t[a],
      isPending = ph === WAITING || ph === GIVEN_UP,
      mayResend = isPending && !t[RESENT] && !on.noResend;
    const isLate = (past) => past && !on.noNotAfter && !on.clockBack,
      isOtherEpoch = (epoch) => epoch !== t[E] && !on.noEpoch;
    if (ph !== WAITING) t[a + REP] = 0;
    if (isOtherEpoch(t[a + IN]) || ((isLate(t[a + PAST]) || (t[a + RAN] && !on.runTwice)) && !on.lateIsNo))
      t[a + NET] = 0;
    if (ph !== ASKED) t[a + SENT] &= 1;
    if (isOtherEpoch(t[a + SIN]) || isLate(t[a + SPAST])) t[a + SENT] &= ~1;
    if (!(t[a + SENT] & 1)) t[a + SIN] = t[a + SPAST] = 0;
    const isOver = ph !== IDLE && !isPending && !isOwn(ph) && !isUnsent(ph) && !t[a + PUT],
      isQuiet = !t[a + NET] && !mayResend;
    if (isQuiet) {
      t[a + FITS] = t[a + RAN] = 0;
      if (!isPending) t[a + PAST] = 0;
    }
    if (isOver && ph !== CAPTURED) {
      t[a + BY] = 0;
      if (isQuiet) t[a + OTHER] = t[a + IN] = 0;
    }
    if (!t[a + PUT] && (isOver || !mayForget)) t[a + TURN] = 0;
  }
  for (const r of rows) {
    if (!isAnyOpen(t[r])) t[r + OLD] = 0;
    if (!mayForget) t[r + NTH] = 0;
  }
  return String.fromCharCode(...t);
}
function broken(s) {
  const ph = (i) => s[at(i)],
    isUnderWay = (i) => ph(i) === SENDING || isGone(ph(i));
  // The store cannot prevent the effects of an operator's mistake.
  if (!s[WRONG] && isUnderWay(0) && isUnderWay(1)) return '2: payout A is sent twice';
  if (!s[WRONG] && 10 - 6 * gone(s) < 6 * attempts.filter((i) => ph(i) === SENDING && !s[at(i) + OTHER]).length)
    return '1: more is under way than the wallet has';
  for (const i of attempts) {
    const r = row(i),
      p = s[at(i) + BY],
      isIn = s[r + HAS] === i && (s[r] === OPEN || (s[r] === TAKEN && ph(i) === PAID));
    if (!s[WRONG] && (ph(i) === SENDING || ph(i) === PAID) && isLive(s, p) && s[PE + p] === s[E] && !isIn)
      return `3: the store has lost the open hold of ${name(i)}`;
    if (hasOpen(s, i) && !s[r + OLD] && [REFUSED, UNDONE, RELEASED].includes(ph(i)))
      return `4: money is held for ${name(i)}, which is over`;
    if (s[E] === 0 && ph(i) === CAPTURED && s[r + HAS] === i && s[r] !== TAKEN)
      return `6: the capture of ${name(i)} is forgotten`;
  }
  return s[FALSE_409] ? '5: a retry is told "duplicate", though the attempt before was given up' : undefined;
}
const isInUse = (ph) => ph === WAITING || ph === RESERVED || ph === ASKED || isOwn(ph);
const isClean = (s) =>
  attempts.every((i) => s[at(i)] !== GIVEN_UP && s[at(i)] !== UNSENT && (!hasOpen(s, i) || isInUse(s[at(i)])));

const init = Array(COPY + 2 * COLUMNS).fill(0),
  keys = [keyOf(init)],
  index = new Map([[keys[0], 0]]),
  parent = [-1],
  first = [0];
const read = (n) => Array.from(keys[n], (x) => x.charCodeAt(0));
let edges = new Int32Array(1 << 20),
  m = 0;
function fail(n, what) {
  console.log(`VIOLATION of ${what}   (${title}; ${keys.length} states seen)`);
  const path = [];
  for (; n >= 0; n = parent[n]) path.unshift(n);
  path.slice(1).forEach((next, k) => {
    let label;
    steps(read(path[k]), (l, t) => {
      if (keyOf(t) === keys[next]) label ??= l;
    });
    console.log(`  ${k + 1}. ${label}`);
  });
  process.exit(1);
}
for (let k = 0; k < keys.length; k++) {
  const s = read(k),
    what = broken(s);
  if (what) fail(k, what);
  steps(s, (_, t, isFault) => {
    const key = keyOf(t);
    let n = index.get(key);
    if (n === undefined) {
      n = keys.length;
      index.set(key, n);
      keys.push(key);
      parent.push(k);
    }
    if (m === edges.length) {
      const more = new Int32Array(2 * m);
      more.set(edges);
      edges = more;
    }
    if (!isFault) edges[m++] = n;
  });
  first.push(m);
}
const good = Uint8Array.from(keys, (_, n) => (isClean(read(n)) ? 1 : 0)); // or a clean state is reachable from here
for (let isMore = true; isMore; ) {
  isMore = false;
  for (let n = keys.length - 1; n >= 0; n--)
    for (let k = first[n]; !good[n] && k < first[n + 1]; k++)
      if (good[edges[k]]) {
        good[n] = 1;
        isMore = true;
      }
}
if (good.includes(0)) fail(good.indexOf(0), '4: an attempt that was given up can never be undone');
console.log(`${title}: holds in all ${keys.length} states (${m} steps)`);
