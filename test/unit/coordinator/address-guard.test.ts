import { expect, test } from 'vitest';

import { addressGuard } from '../../../coordinator/adapters/address-guard.ts';

test.each<readonly [address: string, allowed: readonly string[], may: boolean]>([
  ['203.0.113.7', [], true],
  ['10.1.2.3', [], true],
  ['2001:db8::1', [], true],
  ['127.0.0.1', [], false],
  ['127.8.8.8', [], false],
  ['0.0.0.0', [], false],
  ['169.254.169.254', [], false],
  ['224.0.0.1', [], false],
  ['255.255.255.255', [], false],
  ['::1', [], false],
  ['::', [], false],
  ['fe80::1', [], false],
  ['::ffff:127.0.0.1', [], false],
  ['::ffff:169.254.169.254', [], false],
  ['::ffff:203.0.113.7', [], true],
  ['10.1.2.3', ['10.1.0.0/16'], true],
  ['::ffff:10.1.2.3', ['10.1.0.0/16'], true],
  ['10.2.2.3', ['10.1.0.0/16'], false],
  ['203.0.113.7', ['10.1.0.0/16'], false],
  ['127.0.0.1', ['127.0.0.1/32'], true],
  ['127.0.0.2', ['127.0.0.1/32'], false],
  ['fd00::5', ['fd00::/8', '10.0.0.0/8'], true],
  ['::1', ['fd00::/8'], false],
])('%s where %j is allowed: %s', (address, allowed, may) => {
  expect(addressGuard(allowed)(address)).toBe(may);
});
