import { describe, expect, test } from 'vitest';

import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { decodeAssignment, encodeAssignment } from '../../../shared/wire/assignment-codec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { decodePermit, encodePermit } from '../../../shared/wire/permit-codec.ts';
import { decode, encode, farrier } from '../../../shared/wire/protocol.ts';
import { fromReport } from '../../../shared/wire/report-codec.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';

const header = { fleet: 'f', node: 'n1', rollout: 'r1', generation: 3, epoch: 2, ledgerSequence: 9, issuedUnixMs: 1000, expiresUnixMs: 2000 };
const packages: StepSpec = {
  kind: 'packages',
  name: 'packages',
  timeoutMs: 600_000,
  install: [{ name: 'containerd', version: '1.7.24~ds1-6+b4' }],
  sources: ['local'],
  conffiles: 'keep',
};
const restart: StepSpec = { kind: 'service', name: 'restart', timeoutMs: 120_000, unit: 'containerd.service', action: 'restart', looks: 3, lookIntervalMs: 1000 };

/** Field 2000, wire type 2, five bytes: what a newer version might have added. */
const FROM_THE_FUTURE = Buffer.from([0x82, 0x7d, 0x05, 1, 2, 3, 4, 5]);
/** A step `name` with field 99 of its oneof, which does not exist yet, as an empty message. */
const FUTURE_STEP = Buffer.from([0x0a, 0x08, 0x0a, 0x01, 0x78, 0x10, 0x64, 0x9a, 0x06, 0x00]);

describe('a message with fields from a newer version', () => {
  const bytes = encodeSequence([packages, restart]);

  test('is read, and the fields are skipped', () => {
    expect(decodeSequence(Buffer.concat([bytes, FROM_THE_FUTURE]))).toEqual({ ok: true, value: [packages, restart] });
    const assignment = encodeAssignment({ ...header, onSilence: 'keep', silenceMs: 0, action: { kind: 'sequence', bytes } });
    expect(decodeAssignment(Buffer.concat([assignment, FROM_THE_FUTURE]))).toMatchObject({ ok: true, value: header });
    const permit = encodePermit({ ...header, digest: digestOf(bytes), requestId: 'q', validForMs: 1 });
    expect(decodePermit(Buffer.concat([permit, FROM_THE_FUTURE]))).toMatchObject({ ok: true, value: header });
  });

  test('keeps the digest of all its bytes, known or not', () => {
    const longer = Buffer.concat([bytes, FROM_THE_FUTURE]);
    const found = decodeAssignment(encodeAssignment({ ...header, onSilence: 'keep', silenceMs: 0, action: { kind: 'sequence', bytes: longer } }));
    expect(found).toMatchObject({ ok: true, value: { action: { digest: digestOf(longer) } } });
  });
});

describe('what an older agent cannot do is refused by name', () => {
  test('a step of an unknown kind', () => {
    expect(decodeSequence(FUTURE_STEP)).toMatchObject({ ok: false, error: { code: 'unknown-step-kind', field: 'steps[0]' } });
  });

  test('an assignment with such a step still says whose it is', () => {
    const assignment = encodeAssignment({ ...header, onSilence: 'keep', silenceMs: 0, action: { kind: 'sequence', bytes: FUTURE_STEP } });
    expect(decodeAssignment(assignment)).toMatchObject({ ok: false, error: { code: 'unknown-step-kind' }, header, digest: digestOf(FUTURE_STEP) });
  });

  test('an assignment with neither a sequence nor a revert', () => {
    expect(decodeAssignment(encode(farrier.Assignment, { ...header, onSilence: 'ON_SILENCE_KEEP' }))).toMatchObject({ ok: false, error: { code: 'unknown-action' }, header });
  });

  test('a record of an unknown kind', () => {
    const report = decode(farrier.Report, encode(farrier.Report, { format: 1, kind: 99 as never }));
    expect(fromReport(report)).toMatchObject({ ok: false, error: { code: 'unknown-record-kind' } });
  });
});

describe('an outcome from a newer agent', () => {
  test('blames the host, and keeps the code in the message', () => {
    const report = decode(
      farrier.Report,
      encode(farrier.Report, { format: 1, journalId: 'j', sequence: 1, kind: 'RECORD_KIND_REVERTED', rollout: 'r', generation: 1, step: -1, outcome: { code: 'moon-full', message: 'a\n\u001b[2Jb' } }),
    );
    expect(fromReport(report)).toMatchObject({ ok: true, value: { outcome: { code: 'internal-error', message: 'outcome moon-full, unknown to this version: a [2Jb' } } });
  });
});

describe('a sequence that no plan could hold is refused', () => {
  test.each<[string, StepSpec[], string]>([
    ['no step', [], 'steps'],
    ['two steps of one name', [packages, { ...restart, name: 'packages' }], 'steps'],
    ['an option for a package name', [{ ...packages, install: [{ name: '-oDpkg::x', version: '1' }] }], 'steps[0].install[0].name'],
    ['a pattern for a version', [{ ...packages, install: [{ name: 'runc', version: '1.*' }] }], 'steps[0].install[0].version'],
    ['a package twice', [{ ...packages, install: [packages.install[0]!, packages.install[0]!] }], 'steps[0].install'],
    ['packages that come and go', [{ ...packages, remove: ['docker.io'] }], 'steps[0].install'],
    ['an option that goes', [{ ...packages, install: [], remove: ['--all'] }], 'steps[0].remove[0]'],
    ['a package that goes twice', [{ ...packages, install: [], remove: ['docker.io', 'docker.io'] }], 'steps[0].remove'],
    ['packages of which none comes or goes', [{ ...packages, install: [] }], 'steps[0].install'],
    ['a source outside the folder', [{ ...packages, sources: ['../x'] }], 'steps[0].sources[0]'],
    ['a unit that is an option', [{ ...restart, unit: '--now.service' }], 'steps[0].unit'],
    ['a template without an instance', [{ ...restart, unit: 'a@.service' }], 'steps[0].unit'],
    ['no look at all', [{ ...restart, looks: 0 }], 'steps[0].looks'],
    ['no time at all', [{ ...restart, timeoutMs: 0 }], 'steps[0].timeoutMs'],
  ])('%s', (_, steps, field) => {
    expect(decodeSequence(encodeSequence(steps))).toMatchObject({ ok: false, error: { code: 'invalid-field', field } });
  });

  test('an unspecified choice', () => {
    const bytes = encode(farrier.Sequence, { steps: [{ name: 'x', timeoutMs: 1, service: { unit: 'a.service', looks: 1, lookIntervalMs: 1 } }] });
    expect(decodeSequence(bytes)).toMatchObject({ ok: false, error: { code: 'invalid-field', field: 'steps[0].action' } });
  });

  test('a number past 2^53', () => {
    const bytes = encode(farrier.Permit, { ...header, generation: '9007199254740993', digest: digestOf(Buffer.alloc(0)), requestId: 'q', validForMs: 1 });
    expect(decodePermit(bytes)).toMatchObject({ ok: false, error: { code: 'invalid-field', field: 'generation' } });
  });
});

test('the bytes of a sequence never change within a version', () => {
  expect(digestOf(encodeSequence([packages, restart]))).toMatchInlineSnapshot(`"ad427ac427355a0a74b735dee3533e4919371502f0a31fe311b798bd99d99a3a"`);
});
