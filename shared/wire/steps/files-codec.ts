import { ACCOUNT_NAME_PATTERN, FILE_CONTENT_MAX_BYTES, FILE_MODE_MAX, FILE_PATH_PATTERN, FILES_CONTENT_MAX_BYTES, FILES_MAX } from '../../domain/step-limits.ts';
import type { FilesSpec, ManagedFile } from '../../domain/steps/files-spec.ts';
import { refusedPath } from '../../domain/steps/refused-path.ts';
import type { FieldCheck } from '../field-check.ts';
import type { ManagedFile as WireFile, ManagedFile__Output } from '../generated/farrier/v1/ManagedFile.d.ts';
import { driftFromWire, driftToWire } from './drift-policy.ts';
import type { StepCodec } from './step-codec.ts';

export const filesCodec: StepCodec<FilesSpec> = {
  toWire: ({ files, onDrift }) => ({ files: { files: files.map(toWire), onDrift: driftToWire(onDrift) } }),

  fromWire(base, { files: step }, at, check) {
    if (!step) return null;
    check.count(step.files.length, `${at}.files`, { min: 1, max: FILES_MAX });
    check.that(new Set(step.files.map(({ path }) => path)).size === step.files.length, `${at}.files`, 'names a path twice');
    check.count(step.files.reduce((sum, { content }) => sum + content.length, 0), `${at}.files`, { max: FILES_CONTENT_MAX_BYTES });
    const files = step.files.map((file, index) => fromWire(file, `${at}.files[${index}]`, check));
    return { kind: 'files', ...base, files, onDrift: driftFromWire(step.onDrift, at, check) };
  },
};

function toWire(file: ManagedFile): WireFile {
  if (file.state === 'absent') return { path: file.path, absent: true };
  const { path, contentBase64, mode, owner, group } = file;
  return { path, absent: false, content: Buffer.from(contentBase64, 'base64'), mode, owner, group };
}

function fromWire({ path, absent, content, mode, owner, group }: ManagedFile__Output, at: string, check: FieldCheck): ManagedFile {
  check.text(path, `${at}.path`, FILE_PATH_PATTERN);
  const refused = refusedPath(path);
  check.that(refused === '', `${at}.path`, `is ${path}: ${refused}`);
  if (absent) {
    check.that(content.length === 0 && mode === 0 && owner === '' && group === '', at, 'is to be absent and yet says what is in it');
    return { path, state: 'absent' };
  }
  check.count(content.length, `${at}.content`, { max: FILE_CONTENT_MAX_BYTES });
  check.count(mode, `${at}.mode`, { max: FILE_MODE_MAX });
  check.text(owner, `${at}.owner`, ACCOUNT_NAME_PATTERN);
  check.text(group, `${at}.group`, ACCOUNT_NAME_PATTERN);
  return { path, state: 'present', contentBase64: content.toString('base64'), mode, owner, group };
}
