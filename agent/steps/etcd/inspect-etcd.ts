import { lstat } from 'node:fs/promises';

import { refuseEtcdVersion, removedSettings } from '../../../shared/domain/etcd-releases.ts';
import { compareReleases, parseRelease, type Release } from '../../../shared/domain/release.ts';
import type { EtcdUpgradeSpec } from '../../../shared/domain/steps/etcd-spec.ts';
import { type LocalMember, memberOf } from '../../etcd/local-member.ts';
import type { EtcdUnit } from '../../ports/etcd-host.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';
import type { EtcdParts } from './etcd-parts.ts';

export type InspectedEtcd = { readonly ok: true; readonly unit: EtcdUnit; readonly place: LocalMember; readonly version: string } | StepFailure;

/** The etcd of this host as it is set up, or why the step cannot be done to it, whatever its cluster is like. Reads only. */
export async function inspectEtcd({ host, files }: Pick<EtcdParts, 'host' | 'files'>, spec: EtcdUpgradeSpec, { signal }: StepContext): Promise<InspectedEtcd> {
  const unit = await host.unit(spec.unit, signal);
  if (unit === null) return stepFailure('unit-not-found', `this host has no ${spec.unit} that runs etcd; check the unit in the plan`, spec.unit);
  const state = await lstat(unit.binary).catch(() => null);
  if (state === null || !state.isFile()) return stepFailure('not-allowed', `${unit.binary}, which ${spec.unit} runs, is no plain file; put the program itself there`, unit.binary);
  const place = memberOf(unit, files);
  if (!place.endpoint.startsWith('https://')) return stepFailure('not-allowed', `${spec.unit} serves its clients without TLS; nobody could say which member answers: give it certificates first`, spec.unit);
  const { version, said } = await host.version(unit.binary, [], signal);
  const from = parseRelease(version ?? '');
  if (version === null || from === null) return stepFailure('version-skew', `${unit.binary} does not say its version (${said}); nobody can say what ${spec.version} would do to this host`, unit.binary);
  const to = releaseOf(spec);
  const refused = refuseEtcdVersion([{ name: 'this host', version }], to) || refuseOwn(from, to, spec);
  if (refused !== '') return stepFailure('version-skew', refused, spec.unit);
  const [removed] = removedSettings(unit.settings, to.minor);
  if (removed !== undefined) return stepFailure('config-refused', `etcd-flag-removed: etcd ${spec.version} does not take ${removed}`, spec.unit);
  return { ok: true, unit, place, version };
}

function refuseOwn(from: Release, to: Release, { version, crossesMinor }: EtcdUpgradeSpec): string {
  if (compareReleases(from, to) > 0) return `this host runs etcd ${from.major}.${from.minor}.${from.patch}, which is newer than ${version}`;
  if (from.minor !== to.minor && !crossesMinor) return `this host runs etcd ${from.major}.${from.minor}, and nothing goes back once every member runs ${to.major}.${to.minor}; write crossesMinor: true`;
  return '';
}

export function releaseOf({ name, version }: EtcdUpgradeSpec): Release {
  const release = parseRelease(version);
  if (release === null) throw new Error(`step ${name} is of version ${version}, which is none`);
  return release;
}
