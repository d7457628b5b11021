import { expect, test } from 'vitest';

import { formatIdentityUri, parseIdentityUri, type Identity } from '../../../shared/trust/identity-uri.ts';

test.each<[string, Identity]>([
  ['farrier://prod/node/web-1.example', { kind: 'node', fleet: 'prod', name: 'web-1.example' }],
  ['farrier://prod/operator/admin/ann', { kind: 'operator', fleet: 'prod', role: 'admin', name: 'ann' }],
])('%s', (uri, identity) => {
  expect(parseIdentityUri(uri)).toEqual(identity);
  expect(formatIdentityUri(identity)).toBe(uri);
});

test.each([
  '',
  'farrier://prod',
  'farrier://prod/node/',
  'farrier://prod/node/Web1',
  'farrier://prod/node/web1/',
  'farrier://prod/node/web1\n',
  'farrier://prod/node/web1/operator/admin/ann',
  'farrier:///node/web1',
  'farrier://Prod/node/web1',
  'farrier://prod/operator/ann',
  'farrier://prod/operator/root/ann',
  'farrier://prod/operator/admin/root@local',
  'farrier://prod/operator/admin/..',
  'farrier://prod/coordinator/web1',
  'https://prod/node/web1',
  ' farrier://prod/node/web1',
])('nobody is called %j', (uri) => {
  expect(parseIdentityUri(uri)).toBeNull();
});
