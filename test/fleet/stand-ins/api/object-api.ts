import { randomUUID } from 'node:crypto';

import { ApiError, notFound } from './api-status.ts';
import { applyPatch } from './apply-patch.ts';
import { authorize, type User } from './authorize.ts';
import type { ClusterStore, Stored } from './cluster-store.ts';
import { kubeTime, type KubeObject } from './kube-object.ts';
import { storeKey, type ResourcePath } from './resources.ts';

export interface ApiCall {
  readonly method: string;
  readonly path: ResourcePath;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
  readonly user: User;
}

export interface ApiAnswer {
  readonly code: number;
  readonly body: unknown;
}

const PATCH_TRIES = 5;

/** Reads and writes the objects of one cluster as the real API server does, without watches, admission or defaults. */
export async function answerObjectCall(store: ClusterStore, call: ApiCall): Promise<ApiAnswer> {
  const { method, path } = call;
  authorize(call.user, verbOf(method, path), path);
  if (path.resource.name === 'pods' && path.subresource === 'eviction' && method === 'POST') return evict(store, path);
  if (path.subresource !== null && path.subresource !== 'status') throw notFound('the server could not find the requested resource', path.subresource);
  switch (method) {
    case 'GET': return path.name === null ? listObjects(store, call) : { code: 200, body: read(path, await mustGet(store, path)) };
    case 'POST': return create(store, call);
    case 'PUT': return replace(store, call);
    case 'PATCH': return patch(store, call);
    case 'DELETE': return remove(store, path);
    default: throw new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  }
}

function verbOf(method: string, { name }: ResourcePath): string {
  return { GET: name === null ? 'list' : 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? method.toLowerCase();
}

async function listObjects(store: ClusterStore, { path, query }: ApiCall): Promise<ApiAnswer> {
  const objects = (await store.list(storeKey(path))).map((stored) => read(path, stored)).filter((object) => selects(object, query));
  return { code: 200, body: { kind: `${path.resource.kind}List`, apiVersion: path.resource.groupVersion, metadata: { resourceVersion: String(Date.now()) }, items: objects } };
}

async function create(store: ClusterStore, { path, body }: ApiCall): Promise<ApiAnswer> {
  const given = parse(body);
  const named = { ...path, name: given.metadata.name };
  const object = {
    ...given, kind: path.resource.kind, apiVersion: path.resource.groupVersion,
    metadata: { ...given.metadata, ...(path.namespace === null ? {} : { namespace: path.namespace }), uid: randomUUID(), creationTimestamp: kubeTime(new Date()) },
  };
  const revision = await store.put(storeKey(named), JSON.stringify(object), 0);
  if (revision === null) throw new ApiError(409, 'AlreadyExists', `${path.resource.qualified} "${named.name}" already exists`);
  return { code: 201, body: withRevision(object, revision) };
}

async function replace(store: ClusterStore, { path, body }: ApiCall): Promise<ApiAnswer> {
  const before = await mustGet(store, path);
  const given = parse(body);
  const claimed = given.metadata.resourceVersion;
  if (claimed !== undefined && claimed !== String(before.revision)) throw conflict(path);
  const revision = await store.put(storeKey(path), JSON.stringify(keepIdentity(given, read(path, before), path)), before.revision);
  if (revision === null) throw conflict(path);
  return { code: 200, body: withRevision(keepIdentity(given, read(path, before), path), revision) };
}

/** A patch is applied again where another one came in between, as the real server does. */
async function patch(store: ClusterStore, { path, body, contentType }: ApiCall): Promise<ApiAnswer> {
  const change: unknown = JSON.parse(body);
  for (let tries = 0; tries < PATCH_TRIES; tries += 1) {
    const before = await mustGet(store, path);
    const old = read(path, before);
    const patched = applyPatch(old, change, contentType) as KubeObject;
    if (patched.metadata.resourceVersion !== undefined && patched.metadata.resourceVersion !== String(before.revision)) throw conflict(path);
    const object = keepIdentity(patched, old, path);
    const revision = await store.put(storeKey(path), JSON.stringify(object), before.revision);
    if (revision !== null) return { code: 200, body: withRevision(object, revision) };
  }
  throw conflict(path);
}

async function remove(store: ClusterStore, path: ResourcePath): Promise<ApiAnswer> {
  const before = await mustGet(store, path);
  await store.remove(storeKey(path));
  return { code: 200, body: read(path, before) };
}

/** Nothing here holds a disruption budget: an eviction deletes the pod. */
async function evict(store: ClusterStore, path: ResourcePath): Promise<ApiAnswer> {
  await remove(store, path);
  return { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}

async function mustGet(store: ClusterStore, path: ResourcePath): Promise<Stored> {
  const stored = await store.get(storeKey(path));
  if (stored === null) throw notFound(path.resource.qualified, path.name ?? '');
  return stored;
}

function read({ resource }: ResourcePath, { value, revision }: Stored): KubeObject {
  return withRevision({ kind: resource.kind, apiVersion: resource.groupVersion, ...(JSON.parse(value) as KubeObject) }, revision);
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/** What no client may change. */
function keepIdentity(given: KubeObject, old: KubeObject, { resource }: ResourcePath): KubeObject {
  const { resourceVersion: _, ...metadata } = given.metadata;
  const { uid, creationTimestamp } = old.metadata;
  return { ...given, kind: resource.kind, apiVersion: resource.groupVersion, metadata: { ...metadata, ...(uid === undefined ? {} : { uid }), ...(creationTimestamp === undefined ? {} : { creationTimestamp }) } };
}

function parse(body: string): KubeObject {
  const object = JSON.parse(body) as Partial<KubeObject>;
  if (typeof object.metadata?.name !== 'string') throw new ApiError(422, 'Invalid', 'metadata.name: Required value: name or generateName is required');
  return object as KubeObject;
}

function conflict({ resource, name }: ResourcePath): ApiError {
  return new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${resource.qualified} "${name}": the object has been modified; please apply your changes to the latest version and try again`);
}

/** Equality and presence in labels, and the two field selectors that kubelets and drains use. */
function selects(object: KubeObject, query: URLSearchParams): boolean {
  const labels = object.metadata.labels ?? {};
  const byLabel = (query.get('labelSelector') ?? '').split(',').filter(Boolean).every((term) => {
    const [key = '', value] = term.split(/==?/);
    return value === undefined ? key in labels : labels[key] === value;
  });
  const fields: Readonly<Record<string, unknown>> = { 'metadata.name': object.metadata.name, 'spec.nodeName': (object['spec'] as { nodeName?: string } | undefined)?.nodeName };
  return byLabel && (query.get('fieldSelector') ?? '').split(',').filter(Boolean).every((term) => {
    const [key = '', value] = term.split(/==?/);
    return fields[key] === value;
  });
}
