import { SNAPSHOT_ID_PATTERN, type SnapshotId } from '../../../shared/domain/snapshot.ts';
import { misused, type Values } from '../read-options.ts';

/** What `--id` names; null where it is not given. @throws EndVerb where it names none */
export function idIn(values: Values, help: string): SnapshotId | null {
  const id = values['id'];
  if (id === undefined) return null;
  if (!SNAPSHOT_ID_PATTERN.test(String(id))) throw misused(`--id takes the id of a snapshot, as \`farrier-agent snapshot ls\` prints it, not ${JSON.stringify(id)}`, help);
  return String(id);
}
