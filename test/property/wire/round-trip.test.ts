import fc from 'fast-check';
import { expect, test } from 'vitest';

import { GENERATION_MAX } from '../../../shared/domain/ids.ts';
import type { JournalRecord, RecordKind } from '../../../shared/domain/journal-record.ts';
import { OUTCOME_CODES, type OutcomeCode } from '../../../shared/domain/outcome.ts';
import type { StepKind } from '../../../shared/domain/step-spec.ts';
import { decodeAssignment, encodeAssignment } from '../../../shared/wire/assignment-codec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { decodePermit, encodePermit } from '../../../shared/wire/permit-codec.ts';
import { decode, encode, farrier } from '../../../shared/wire/protocol.ts';
import { fromReport, toReport } from '../../../shared/wire/report-codec.ts';
import { encodeRevertOf } from '../../../shared/wire/revert-codec.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';
import { arbitraryRestore } from '../../support/arbitrary-restore-steps.ts';
import { arbitrarySteps } from '../../support/arbitrary-steps.ts';

const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const name = fc.string({ minLength: 1, maxLength: 40 });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => digestOf(bytes));
const line = fc.string({ maxLength: 60 }).filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text));

const header = fc
  .record({ fleet: name, node: name, rollout: name, generation: count, epoch: count, ledgerSequence: fc.maxSafeNat(), issuedUnixMs: count })
  .map((fields) => ({ ...fields, expiresUnixMs: Math.min(Number.MAX_SAFE_INTEGER, fields.issuedUnixMs + 60_000) }));

/** A kind that is not among them does not compile. */
const EVERY_KIND: { readonly [Kind in StepKind]: true } = {
  packages: true, service: true, files: true, sysctl: true, modules: true, hook: true, reboot: true, agent_upgrade: true,
  kubeadm: true, kubelet: true, kubeadm_certs: true, kubelet_config: true, kubelet_runtime: true, k3s: true, k3s_runtimes: true,
  containerd: true, images: true, cri_probe: true, etcd_upgrade: true, etcd_defragment: true, etcd_disarm: true,
  stop_control_plane: true, restore_datastore: true, start_datastore: true, start_control_plane: true, restore_k3s: true,
};
const sequences = fc.oneof({ weight: 4, arbitrary: arbitrarySteps }, arbitraryRestore);

test('steps of every kind are tried', () => {
  const kinds = new Set(fc.sample(sequences, 1000).flatMap((steps) => steps.map(({ kind }) => kind)));
  expect([...kinds].toSorted()).toEqual(Object.keys(EVERY_KIND).toSorted());
});

test('a sequence survives the wire', () => {
  fc.assert(
    fc.property(sequences, (steps) => {
      expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
    }),
  );
});

test('equal sequences have equal bytes, whatever order their objects were built in; different ones never', () => {
  fc.assert(
    fc.property(sequences, sequences, (steps, others) => {
      const rebuilt = steps.map((step) => Object.fromEntries(Object.entries(step).toReversed()) as unknown as typeof step);
      expect(digestOf(encodeSequence(rebuilt))).toBe(digestOf(encodeSequence(steps)));
      const same = JSON.stringify(steps) === JSON.stringify(others);
      fc.pre(!same);
      expect(digestOf(encodeSequence(others))).not.toBe(digestOf(encodeSequence(steps)));
    }),
  );
});

test('an assignment survives the wire, and its digest is of the bytes it carries', () => {
  fc.assert(
    fc.property(header, sequences, fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.constantFrom('keep', 'revert'), (fields, steps, silenceMs, onSilence) => {
      const bytes = encodeSequence(steps);
      const found = decodeAssignment(encodeAssignment({ ...fields, onSilence, silenceMs, action: { kind: 'sequence', bytes } }));
      expect(found).toEqual({ ok: true, value: { ...fields, onSilence, silenceMs, action: { kind: 'sequence', bytes, steps, digest: digestOf(bytes) } } });
    }),
  );
});

test('a reverting assignment survives the wire', () => {
  fc.assert(
    fc.property(header, fc.record({ rollout: name, generation: count, digest }), (fields, of) => {
      const found = decodeAssignment(encodeAssignment({ ...fields, onSilence: 'keep', silenceMs: 0, action: { kind: 'revert', of } }));
      expect(found).toEqual({ ok: true, value: { ...fields, onSilence: 'keep', silenceMs: 0, action: { kind: 'revert', of, digest: digestOf(encodeRevertOf(of)) } } });
    }),
  );
});

test('a permit survives the wire', () => {
  fc.assert(
    fc.property(header, digest, name, fc.integer({ min: 1, max: 2 ** 32 - 1 }), (fields, sha256, requestId, validForMs) => {
      const permit = { ...fields, digest: sha256, requestId, validForMs };
      expect(decodePermit(encodePermit(permit))).toEqual({ ok: true, value: permit });
    }),
  );
});

const kinds: readonly RecordKind[] = ['accepted', 'stage', 'permit', 'begin', 'prior', 'applied', 'verified', 'reverting', 'reverted', 'done', 'refused'];
const record: fc.Arbitrary<JournalRecord> = fc.record({
  format: fc.constant(1),
  journalId: name,
  sequence: count,
  kind: fc.constantFrom(...kinds),
  rollout: name,
  generation: fc.integer({ min: 1, max: GENERATION_MAX }),
  epoch: fc.maxSafeNat(),
  digest: fc.oneof(digest, fc.constant('')),
  step: fc.integer({ min: -1, max: 63 }),
  stepName: line,
  attempt: fc.nat(9),
  payloadDigest: fc.oneof(digest, fc.constant('')),
  bootId: fc.string({ maxLength: 36 }),
  monotonicMs: fc.maxSafeNat(),
  wallUnixMs: fc.maxSafeNat(),
  outcome: fc.option(fc.record({ code: fc.constantFrom(...(Object.keys(OUTCOME_CODES) as OutcomeCode[])), message: line, object: line }), { nil: null }),
});

test('a journal record survives the wire, less the digest of its payload', () => {
  fc.assert(
    fc.property(record, (written) => {
      const report = decode(farrier.Report, encode(farrier.Report, toReport(written)));
      expect(fromReport(report)).toEqual({ ok: true, value: { ...written, payloadDigest: '' } });
    }),
  );
});

test('no bytes make a decoder throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeSequence(bytes);
      decodeAssignment(bytes);
      decodePermit(bytes);
    }),
    { numRuns: 2000 },
  );
});
