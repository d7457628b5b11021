import { STANZA_LINE_PATTERN } from '../../age/stanza-line.ts';
import { API_SERVERS_MAX, ETCD_VERSION_PATTERN, HTTPS_URL_PATTERN, K3S_VERSION_PATTERN, MEMBER_NAME_PATTERN, MEMBERS_MAX, PEER_URLS_MAX, RESTORE_TOKEN_PATTERN, STANZAS_MAX } from '../../domain/step-limits.ts';
import type { RestoreDatastoreSpec, RestoredMember, RestoreK3sSpec, StartControlPlaneSpec, StartDatastoreSpec, StopControlPlaneSpec } from '../../domain/steps/restore-specs.ts';
import type { FieldCheck } from '../field-check.ts';
import type { RestoreK3sStep__Output } from '../generated/farrier/v1/RestoreK3sStep.d.ts';
import type { RestoredMember__Output } from '../generated/farrier/v1/RestoredMember.d.ts';
import { artifactFromWire } from './artifact-codec.ts';
import type { StepCodec } from './step-codec.ts';

const stopControlPlane: StepCodec<StopControlPlaneSpec> = {
  toWire: ({ apiServers }) => ({ stopControlPlane: { apiServers: [...apiServers] } }),
  fromWire(base, { stopControlPlane: step }, at, check) {
    return step ? { kind: 'stop_control_plane', ...base, apiServers: apiServersFrom(step.apiServers, at, check) } : null;
  },
};

const restoreDatastore: StepCodec<RestoreDatastoreSpec> = {
  toWire: ({ snapshot, plain, keys, version, tool, token, members, member }) => ({
    restoreDatastore: { snapshot: { ...snapshot }, plain: { ...plain }, keys: [...keys], version, tool: tool === null ? null : { ...tool }, token, members: members.map(toWireMember), member },
  }),
  fromWire(base, { restoreDatastore: step }, at, check) {
    if (!step) return null;
    check.text(step.version, `${at}.version`, ETCD_VERSION_PATTERN);
    const tool = step.tool === null ? null : artifactFromWire(step.tool, `${at}.tool`, check);
    return { kind: 'restore_datastore', ...base, ...copyFrom(step, at, check), version: step.version, tool, ...membersFrom(step, at, check) };
  },
};

const startDatastore: StepCodec<StartDatastoreSpec> = {
  toWire: ({ members, member, apiServers }) => ({ startDatastore: { members: members.map(toWireMember), member, apiServers: [...apiServers] } }),
  fromWire(base, { startDatastore: step }, at, check) {
    return step ? { kind: 'start_datastore', ...base, ...membersFrom(step, at, check), apiServers: apiServersFrom(step.apiServers, at, check) } : null;
  },
};

const startControlPlane: StepCodec<StartControlPlaneSpec> = {
  toWire: () => ({ startControlPlane: {} }),
  fromWire: (base, { startControlPlane: step }) => (step ? { kind: 'start_control_plane', ...base } : null),
};

const restoreK3s: StepCodec<RestoreK3sSpec> = {
  toWire: ({ snapshot, plain, keys, version, token }) => ({ restoreK3s: { snapshot: { ...snapshot }, plain: { ...plain }, keys: [...keys], version, token } }),
  fromWire(base, { restoreK3s: step }, at, check) {
    if (!step) return null;
    check.text(step.version, `${at}.version`, K3S_VERSION_PATTERN);
    return { kind: 'restore_k3s', ...base, ...copyFrom(step, at, check), version: step.version };
  },
};

/** Of the steps that restore a datastore. */
export const restoreCodecs = { stop_control_plane: stopControlPlane, restore_datastore: restoreDatastore, start_datastore: startDatastore, start_control_plane: startControlPlane, restore_k3s: restoreK3s };

type Copy = Pick<RestoreK3sSpec, 'snapshot' | 'plain' | 'keys' | 'token'>;

function copyFrom({ keys, token, ...refs }: Pick<RestoreK3sStep__Output, 'snapshot' | 'plain' | 'keys' | 'token'>, at: string, check: FieldCheck): Copy {
  const snapshot = artifactFromWire(refs.snapshot, `${at}.snapshot`, check);
  const plain = artifactFromWire(refs.plain, `${at}.plain`, check);
  check.count(keys.length, `${at}.keys`, { max: STANZAS_MAX });
  for (const [index, key] of keys.entries()) check.text(key, `${at}.keys[${index}]`, STANZA_LINE_PATTERN);
  check.that(keys.length > 0 || snapshot.sha256 === plain.sha256, `${at}.keys`, 'are missing, and the copy is not the plain one');
  check.text(token, `${at}.token`, RESTORE_TOKEN_PATTERN);
  return { snapshot, plain, keys, token };
}

function toWireMember({ name, peerUrls, clientUrl }: RestoredMember) {
  return { name, peerUrls: [...peerUrls], clientUrl };
}

function membersFrom({ members, member }: { readonly members: readonly RestoredMember__Output[]; readonly member: string }, at: string, check: FieldCheck): { readonly members: readonly RestoredMember[]; readonly member: string } {
  check.count(members.length, `${at}.members`, { min: 1, max: MEMBERS_MAX });
  for (const [index, { name, peerUrls, clientUrl }] of members.entries()) {
    const of = `${at}.members[${index}]`;
    check.text(name, `${of}.name`, MEMBER_NAME_PATTERN);
    check.count(peerUrls.length, `${of}.peerUrls`, { min: 1, max: PEER_URLS_MAX });
    for (const [nth, url] of [...peerUrls, clientUrl].entries()) check.text(url, nth < peerUrls.length ? `${of}.peerUrls[${nth}]` : `${of}.clientUrl`, HTTPS_URL_PATTERN);
  }
  const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length;
  check.that(distinct(members.map(({ name }) => name)) && distinct(members.flatMap(({ peerUrls }) => peerUrls)), `${at}.members`, 'names a member twice');
  check.that(members.some(({ name }) => name === member), `${at}.member`, 'is none of the members');
  return { members: members.map(({ name, peerUrls, clientUrl }) => ({ name, peerUrls, clientUrl })), member };
}

function apiServersFrom(apiServers: readonly string[], at: string, check: FieldCheck): readonly string[] {
  check.count(apiServers.length, `${at}.apiServers`, { max: API_SERVERS_MAX });
  for (const [index, url] of apiServers.entries()) check.text(url, `${at}.apiServers[${index}]`, HTTPS_URL_PATTERN);
  return apiServers;
}
