import { describe, expect, test } from 'vitest';

import { ReportPump } from '../../../agent/link/report-pump.ts';
import type { JournalRecord } from '../../../shared/domain/journal-record.ts';

function records(count: number): readonly JournalRecord[] {
  return Array.from({ length: count }, (_, index) => ({ sequence: index + 1 }) as JournalRecord);
}

function sequences(sent: readonly JournalRecord[]): readonly number[] {
  return sent.map(({ sequence }) => sequence);
}

describe('the report pump', () => {
  test('begins after what the coordinator holds, and sends nothing twice', () => {
    const pump = new ReportPump(2);
    expect(sequences(pump.next(records(4)))).toEqual([3, 4]);
    expect(pump.next(records(4))).toEqual([]);
    expect(sequences(pump.next(records(5)))).toEqual([5]);
  });

  test('waits for acknowledgements before it sends more than its window', () => {
    const pump = new ReportPump(0);
    expect(pump.next(records(500))).toHaveLength(128);
    expect(pump.next(records(500))).toEqual([]);
    pump.acknowledge(100);
    expect(sequences(pump.next(records(500)))).toEqual(Array.from({ length: 100 }, (_, index) => 129 + index));
  });

  test('an old acknowledgement takes nothing back', () => {
    const pump = new ReportPump(0);
    pump.next(records(10));
    pump.acknowledge(10);
    pump.acknowledge(3);
    expect(pump.next(records(200))).toHaveLength(128);
  });
});
