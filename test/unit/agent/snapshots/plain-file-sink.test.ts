import { openPlainFileSink } from '../../../../agent/snapshots/plain-file-sink.ts';
import { describeSnapshotSink } from '../../../support/snapshot-sink-cases.ts';

describeSnapshotSink('a plain file', openPlainFileSink);
