import { expect, test } from 'vitest';

import { formatIdentity, generateIdentity } from '../../../shared/age/age-keys.ts';
import { DEFAULT_POLICY } from '../../../shared/domain/policy.ts';
import { parsePolicy } from '../../../shared/plan/parse-policy.ts';

const HEAD = 'apiVersion: farrier/v1\nkind: FleetPolicy\n';

test('a policy is read with its units resolved', () => {
  const text = `${HEAD}spec:\n  maxUnavailable: { fleet: 2, perCluster: 50%, perZone: 1 }\n  lostAfter: 30s\n  deferAfter: 2h\n  permitValidFor: 90s\n  clockLimit: 1m\n`;
  expect(parsePolicy(text, 'policy.yaml', 7)).toEqual({
    ok: true,
    warnings: [],
    policy: {
      version: 7,
      maxUnavailable: { fleet: { unit: 'nodes', value: 2 }, perCluster: { unit: 'percent', value: 50 }, perZone: { unit: 'nodes', value: 1 } },
      lostAfterMs: 30_000,
      deferAfterMs: 7_200_000,
      permitValidForMs: 90_000,
      clockLimitMs: 60_000,
      snapshots: DEFAULT_POLICY.snapshots,
    },
  });
});

test('targets of snapshots are read with their units resolved', () => {
  const recipient = generateIdentity().recipient.text;
  const text = `${HEAD}spec: { snapshots: { recipients: [${recipient}], takenWithin: 30m, provedWithin: 2d, restoredWithin: 1h, copyEvery: 6h, drillEvery: 7d, keep: { newest: 5, within: 0s } } }\n`;
  expect(parsePolicy(text, 'policy.yaml', 1)).toMatchObject({
    ok: true,
    policy: {
      snapshots: {
        recipients: [recipient], takenWithinMs: 1_800_000, provedWithinMs: 172_800_000, restoredWithinMs: 3_600_000, copyEveryMs: 21_600_000, drillEveryMs: 604_800_000,
        keep: { newest: 5, withinMs: 0, hourly: 0, daily: 7, weekly: 4 },
      },
    },
  });
});

test('what a policy leaves out is as if nobody had decided', () => {
  expect(parsePolicy(`${HEAD}spec: {}\n`, 'policy.yaml', 1)).toMatchObject({ ok: true, policy: { ...DEFAULT_POLICY, version: 1 } });
  expect(parsePolicy(`${HEAD}spec: { maxUnavailable: { fleet: 3 } }\n`, 'policy.yaml', 1)).toMatchObject({
    ok: true,
    policy: { maxUnavailable: { ...DEFAULT_POLICY.maxUnavailable, fleet: { unit: 'nodes', value: 3 } } },
  });
});

test.each<[string, string, string]>([
  ['a plan', 'apiVersion: farrier/v1\nkind: Plan\nspec: {}\n', '2:7 kind wrong-kind'],
  ['a key on the wrong level', `${HEAD}lostAfter: 45s\nspec: {}\n`, '3:1 lostAfter unknown-key'],
  ['a nameless ceiling', `${HEAD}spec: { maxUnavailable: 2 }\n`, '3:25 spec.maxUnavailable wrong-type'],
  ['a ceiling of nothing', `${HEAD}spec: { maxUnavailable: { fleet: 0 } }\n`, '3:34 spec.maxUnavailable.fleet out-of-range'],
  ['a duration that is too short', `${HEAD}spec: { lostAfter: 1s }\n`, '3:20 spec.lostAfter out-of-range'],
  ['a key that is no recipient', `${HEAD}spec: { snapshots: { recipients: [AGE-SECRET-KEY-1] } }\n`, '3:35 spec.snapshots.recipients[0] bad-name'],
  ['a copy a minute', `${HEAD}spec: { snapshots: { copyEvery: 1m } }\n`, '3:33 spec.snapshots.copyEvery out-of-range'],
  ['deferred before lost', `${HEAD}spec: { lostAfter: 10m, deferAfter: 5m }\n`, '3:37 spec.deferAfter conflict'],
])('%s is refused', (_, text, expected) => {
  const parsed = parsePolicy(text, 'policy.yaml', 1);
  expect(parsed.ok ? [] : parsed.diagnostics.map(({ line, column, path, code }) => `${line}:${column} ${path} ${code}`)).toEqual([expected]);
});

test('a key of people that is mistyped, or the secret half, is refused before a snapshot is taken, and is not repeated', () => {
  const key = generateIdentity();
  const { text } = key.recipient;
  const mistyped = text.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'));
  for (const [wrong, words] of [[mistyped, /a character is: copy it again/], [formatIdentity(key), /a secret key/], [text.toUpperCase().slice(0, 40), /it has to be the public half of a key/]] as const) {
    const parsed = parsePolicy(`${HEAD}spec: { snapshots: { recipients: [${wrong}] } }\n`, 'policy.yaml', 1);
    const [said = ''] = parsed.ok ? [] : parsed.diagnostics.map(({ message }) => message);
    expect(said).toMatch(words);
    expect(said).not.toContain(wrong.slice(0, 20));
  }
});
