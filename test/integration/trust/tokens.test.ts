import { expect, test } from 'vitest';

import { claimToken } from '../../../coordinator/trust/claim-token.ts';
import { createToken } from '../../../coordinator/trust/create-token.ts';
import { listRevocations, revoke, type Revocation } from '../../../coordinator/trust/revocations.ts';
import { listTokens, revokeToken } from '../../../coordinator/trust/revoke-token.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryDisk, memoryStore } from '../../support/memory-store.ts';

function parts() {
  const clock = manualClock();
  return { clock, random: systemRandom, store: memoryStore({ clock }) };
}

async function made(with_: ReturnType<typeof parts>, uses: number): Promise<string> {
  const created = await createToken(with_, { createdBy: 'ann', uses });
  if (!created.ok) throw new Error(created.message);
  return created.token;
}

test('never more uses than the token has, however many hosts ask at once at several coordinators', async () => {
  const disk = memoryDisk();
  const clock = manualClock();
  const here = { clock, random: systemRandom, store: memoryStore({ clock, disk }) };
  const there = { clock, store: memoryStore({ clock, disk }) };
  const token = await made(here, 3);
  const claims = await Promise.all(Array.from({ length: 12 }, (_, index) => claimToken(index % 2 === 0 ? here : there, { token, node: `web${index}`, keyHash: `k${index}` })));
  expect(claims.filter(({ ok }) => ok)).toHaveLength(3);
  expect(claims.filter((claim) => !claim.ok).map((claim) => !claim.ok && claim.code)).toEqual(Array(9).fill('token-used-up'));
});

test('one key uses a token once, and may ask again until it expires', async () => {
  const here = parts();
  const token = await made(here, 1);
  const use = { token, node: 'web1', keyHash: 'k1' };
  expect((await claimToken(here, use)).ok).toBe(true);
  expect((await claimToken(here, use)).ok).toBe(true);
  expect(await claimToken(here, { ...use, keyHash: 'k2' })).toMatchObject({ code: 'token-used-up' });
  here.clock.advance(3_600_000);
  expect(await claimToken(here, use)).toMatchObject({ code: 'token-expired' });
});

test('the secret is stored nowhere', async () => {
  const here = parts();
  const [, secret = ''] = (await made(here, 1)).split('.');
  expect(JSON.stringify(await here.store.listRecords(''))).not.toContain(secret);
});

test('whoever lacks the secret learns nothing: not that the token exists, expired or is used up', async () => {
  const here = parts();
  const token = await made(here, 1);
  const guess = `${token.split('.')[0]}.${'0'.repeat(40)}`;
  const unknown = await claimToken(here, { token: `${'f'.repeat(12)}.${'0'.repeat(40)}`, node: 'web1', keyHash: 'k' });
  here.clock.advance(10_000_000);
  const wrong = await claimToken(here, { token: guess, node: 'web1', keyHash: 'k' });
  expect([unknown, wrong].map((claim) => !claim.ok && claim.code)).toEqual(['token-unknown', 'token-unknown']);
});

test.each([{ uses: 1.5 }, { uses: -1 }, { uses: 1_000_000 }, { ttlMs: -1 }, { ttlMs: 1e12 }, { names: 'Web_*' }, { names: 'a b' }])('no such token is made: %j', async (order) => {
  expect(await createToken(parts(), { createdBy: 'ann', ...order })).toMatchObject({ ok: false, code: 'token-order-invalid' });
});

test('a revocation is final: the first word stands', async () => {
  const { store } = parts();
  const first: Revocation = { id: 'ab'.repeat(16), kind: 'certificate', subject: 'web1', why: 'stolen', by: 'ann', revokedUnixMs: 1 };
  await revoke(store, first);
  await revoke(store, { ...first, by: 'bob' });
  expect(await listRevocations(store)).toEqual([first]);
  await expect(revoke(store, { ...first, id: '../ledger' })).rejects.toThrow();
});

test('a revoked token lets nobody in any more, and is listed no more', async () => {
  const with_ = parts();
  const [token, other] = [await made(with_, 2), await made(with_, 1)];
  const id = token.split('.')[0] ?? '';
  expect((await claimToken(with_, { token, node: 'web1', keyHash: 'k1' })).ok).toBe(true);
  expect((await listTokens(with_.store)).find((each) => each.id === id)).toMatchObject({ used: 1, uses: 2 });
  expect([await revokeToken(with_.store, id), await revokeToken(with_.store, id)]).toEqual([true, false]);
  expect(await claimToken(with_, { token, node: 'web2', keyHash: 'k2' })).toMatchObject({ ok: false, code: 'token-unknown' });
  expect((await listTokens(with_.store)).map((each) => each.id)).toEqual([other.split('.')[0]]);
});
