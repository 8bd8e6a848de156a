// The clock of this process, off by as much as it is told.

const RealDate = Date;
let offsetMs = 0;

/** From now on this process believes that it is so much later (or earlier, when negative). */
export function shiftClock(ms: number): void {
  offsetMs = ms;
}

class ShiftedDate extends RealDate {
  static override now(): number {
    return RealDate.now() + offsetMs;
  }

  constructor(...args: [] | [number | string | Date]) {
    super(...((args.length === 0 ? [ShiftedDate.now()] : args) as [number]));
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
