import { generateIdentity } from '../../../../../shared/age/age-keys.ts';
import { openSealedFileSink } from '../../../../../agent/snapshots/sealed/sealed-file-sink.ts';
import { describeSnapshotSink } from '../../../../support/snapshot-sink-cases.ts';

const recipients = [generateIdentity().recipient, generateIdentity().recipient];

describeSnapshotSink('a sealed file', (path, signal) => openSealedFileSink(path, recipients, signal));
