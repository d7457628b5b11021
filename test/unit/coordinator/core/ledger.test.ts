import { describe, expect, test } from 'vitest';

import type { LedgerEvent } from '../../../../coordinator/core/ledger-event.ts';
import { emptyLedger, evolveLedger } from '../../../../coordinator/core/ledger.ts';
import { aLedger, aSlot, EPOCH } from '../../../support/world-builder.ts';

const taken = (...nodes: string[]): LedgerEvent => takenUnder(EPOCH, ...nodes);
const takenUnder = (epoch: number, ...nodes: string[]): LedgerEvent => ({ type: 'slots-taken', epoch, slots: nodes.map((node) => aSlot(node)) });
const returned = (node: string, generation = 1): LedgerEvent => ({ type: 'slot-returned', epoch: EPOCH, node, generation, cause: 'done' });
const forgotten = (node: string): LedgerEvent => ({ type: 'slot-forgotten', epoch: EPOCH, node, by: 'ann', why: 'burnt' });

describe('slots held after', () => {
  test.each<[string, LedgerEvent[], string[]]>([
    ['a grant', [taken('n1', 'n2')], ['n1', 'n2']],
    ['a return', [taken('n1', 'n2'), returned('n1')], ['n2']],
    ['a return of another generation', [taken('n1'), returned('n1', 7)], ['n1']],
    ['an adoption', [{ type: 'slot-adopted', epoch: EPOCH, slot: aSlot('n3') }], ['n3']],
    ['a person gave one up', [taken('n1', 'n2'), forgotten('n2')], ['n1']],
    ['a person gave up what was not held', [taken('n1'), forgotten('n9')], ['n1']],
  ])('%s', (_, events, held) => {
    expect([...aLedger(...events).slots.keys()]).toEqual(held);
  });
});

test.each<[string, LedgerEvent[], RegExp]>([
  ['a slot taken twice', [taken('n1'), taken('n1')], /n1 took a slot twice/],
  ['a slot taken twice in one grant', [taken('n1', 'n1')], /n1 took a slot twice/],
  ['an adoption of a node that holds one', [taken('n1'), { type: 'slot-adopted', epoch: EPOCH, slot: aSlot('n1') }], /twice/],
  ['a return of what is not held', [returned('n1')], /does not hold/],
  ['a deposed leader', [takenUnder(EPOCH - 1, 'n1')], /epoch 2 in epoch 3/],
  ['an epoch that never led', [takenUnder(EPOCH + 1, 'n1')], /epoch 4 in epoch 3/],
  ['a leader that is not newer', [{ type: 'leader', epoch: EPOCH, holder: 'b', wallUnixMs: 0 }], /follows epoch 3/],
])('throws on %s', (_, events, message) => {
  expect(() => aLedger(...events)).toThrow(message);
});

test('throws on a hole in the stream', () => {
  expect(() => evolveLedger(emptyLedger(), 2, { type: 'leader', epoch: 1, holder: 'a', wallUnixMs: 0 })).toThrow(/event 2 follows 0/);
});

test('remembers which generation a person gave up, until the node takes a slot again', () => {
  const given = aLedger(taken('n1'), forgotten('n1'));
  expect(given.forgotten.get('n1')).toEqual({ generation: 1, gone: true });
  expect(evolveLedger(given, 4, taken('n1')).forgotten.get('n1')).toEqual({ generation: 1, gone: false });
});
