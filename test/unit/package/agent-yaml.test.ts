import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { loadSettings } from '../../../agent/settings/settings.ts';
import { DEFAULT_SNAPSHOTS } from '../../../agent/settings/snapshot-settings.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { readRepositoryFile } from '../../tidy/repository.ts';

test('what stands in agent.yaml as an example is taken as it stands there, and names the defaults', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-example-'));
  try {
    const written = readRepositoryFile('systemd/agent.yaml') ?? '';
    writeFileSync(join(folder, 'agent.yaml'), written.replaceAll(/^#(?=[a-zA-Z]+:|  )/gm, '').replace('age1...', generateIdentity().recipient.text));
    const loaded = await loadSettings(folder, {});
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
    const { snapshots } = loaded.settings;
    expect(loaded.settings).toMatchObject({ logLevel: 'info', allow: { sources: ['fleet'] } });
    expect(snapshots).toEqual({ ...DEFAULT_SNAPSHOTS, cluster: 'prod', recipients: snapshots.recipients, schedule: { cron: '0 */6 * * *', timeZone: 'UTC', jitterMs: 600_000 } });
    expect(readFileSync(join(folder, 'agent.yaml'), 'utf8')).toContain('\nsnapshots:\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
