import type { Units } from '../../agent/ports/units.ts';

/** Units of which nothing is known but what a test says; what it does not expect to be asked throws. */
export function fakeUnits(known: Partial<Units>): Units {
  const unexpected = (what: string) => async (unit: string): Promise<never> => {
    throw new Error(`nobody expects ${what} of ${unit}`);
  };
  return {
    look: unexpected('a look'),
    restart: unexpected('a restart'),
    start: unexpected('a start'),
    begin: unexpected('a beginning'),
    stop: unexpected('a stop'),
    enable: unexpected('an enabling'),
    disable: unexpected('a disabling'),
    starters: async () => ({ triggers: [], needers: [] }),
    lastLines: async () => '',
    ...known,
  };
}
