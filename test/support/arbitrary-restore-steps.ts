import fc from 'fast-check';

import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { ArtifactRef } from '../../shared/domain/steps/artifact-ref.ts';
import type { RestoreDatastoreSpec, RestoredMember, RestoreK3sSpec, StartControlPlaneSpec, StartDatastoreSpec, StopControlPlaneSpec } from '../../shared/domain/steps/restore-specs.ts';

const HEX = '0123456789abcdef';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const word = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'), minLength: 2, maxLength: 12 });
const artifact: fc.Arbitrary<ArtifactRef> = fc.record({ sha256: fc.string({ unit: fc.constantFrom(...HEX), minLength: 64, maxLength: 64 }), size: fc.integer({ min: 1, max: 2 ** 33 }) });
const url = fc.tuple(fc.oneof(word.map((name) => `${name}.example`), fc.constantFrom('10.0.0.1', '[fd00::1]')), fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => `https://${host}:${port}`);
const apiServers = fc.uniqueArray(url, { maxLength: 3 });

/** One of them is on this host. */
const cluster = fc
  .tuple(fc.uniqueArray(word, { minLength: 1, maxLength: 7 }), fc.integer({ min: 1, max: 2 }), url, fc.nat())
  .map(([names, peers, clientUrl, chosen]) => ({
    members: names.map((name): RestoredMember => ({ name, peerUrls: Array.from({ length: peers }, (_, nth) => `https://${name}.example:${2380 + nth}`), clientUrl })),
    member: names[chosen % names.length] ?? '',
  }));

const unpadded = fc.string({ unit: fc.constantFrom(...BASE64), minLength: 43, maxLength: 43 });
const stanzas = fc.array(fc.tuple(unpadded, unpadded).map(([share, body]) => `X25519 ${share} ${body}`), { minLength: 1, maxLength: 3 });
const copy = fc
  .tuple(artifact, fc.option(fc.tuple(artifact, stanzas), { nil: null }), word)
  .map(([plain, sealed, token]) => ({ snapshot: sealed?.[0] ?? plain, plain, keys: sealed?.[1] ?? [], token }));

const stopControlPlane: fc.Arbitrary<Omit<StopControlPlaneSpec, 'name' | 'timeoutMs'>> = fc.record({ kind: fc.constant('stop_control_plane'), apiServers });

const restoreDatastore: fc.Arbitrary<Omit<RestoreDatastoreSpec, 'name' | 'timeoutMs'>> = fc
  .tuple(copy, cluster, fc.tuple(fc.nat(9), fc.nat(99), fc.constantFrom('', '-rc.0')), fc.option(artifact, { nil: null }))
  .map(([of, members, [minor, patch, pre], tool]) => ({ kind: 'restore_datastore', ...of, ...members, version: `3.${minor}.${patch}${pre}`, tool }));

const startDatastore: fc.Arbitrary<Omit<StartDatastoreSpec, 'name' | 'timeoutMs'>> = fc
  .tuple(cluster, apiServers)
  .map(([members, servers]) => ({ kind: 'start_datastore', ...members, apiServers: servers }));

const startControlPlane: fc.Arbitrary<Omit<StartControlPlaneSpec, 'name' | 'timeoutMs'>> = fc.record({ kind: fc.constant('start_control_plane') });

const restoreK3s: fc.Arbitrary<Omit<RestoreK3sSpec, 'name' | 'timeoutMs'>> = fc
  .tuple(copy, fc.nat(99), fc.nat(99), fc.nat(9))
  .map(([of, minor, patch, own]) => ({ kind: 'restore_k3s', ...of, version: `v1.${minor}.${patch}+k3s${own}` }));

/** Sequences that a restore could hold, and no plan. */
export const arbitraryRestore: fc.Arbitrary<readonly StepSpec[]> = fc
  .uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 3_600_000 }), fc.oneof(stopControlPlane, restoreDatastore, startDatastore, startControlPlane, restoreK3s)), { minLength: 1, maxLength: 4, selector: ([name]) => name })
  .map((steps) => steps.map(([name, timeoutMs, step]) => ({ ...step, name, timeoutMs })));
