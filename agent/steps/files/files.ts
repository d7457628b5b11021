import type { FilesSpec, ManagedFile } from '../../../shared/domain/steps/files-spec.ts';
import { refusedPath } from '../../../shared/domain/steps/refused-path.ts';
import type { Accounts } from '../../ports/accounts.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepFailure, stepFailure } from '../step.ts';
import { DriftMemory } from './drift-memory.ts';
import { applyFiles, areThere, canRevertFiles, captureFiles, type ManagedFilesPrior, refuseFiles, revertFiles, verifyFiles, type WantedFile } from './managed-files.ts';

export interface FilesPlaces {
  readonly stateDir: string;
  /** Farrier's own, wherever an admin put them: no plan writes there. */
  readonly ownFolders: readonly string[];
}

/** Brings files to exact content, mode and owner, and back. */
export function filesStep(accounts: Accounts, { stateDir, ownFolders }: FilesPlaces): StepExecutor<FilesSpec, ManagedFilesPrior> {
  const memory = new DriftMemory(stateDir);
  const refuse = async (spec: FilesSpec, wanted: readonly WantedFile[]): Promise<StepFailure | null> =>
    refuseOwn(spec, ownFolders) ?? (await refuseFiles(memory, wanted, spec.onDrift));
  return {
    kind: 'files',
    // An account may come with a package of an earlier step: only its own turn can say that there is none.
    stage: async (spec, context) => (await refuse(spec, await wantedOf(spec, accounts, context))) ?? STEP_OK,
    check: async (spec, context) => {
      const wanted = await wantedOf(spec, accounts, context);
      const refused = (await refuse(spec, wanted)) ?? nobody(spec, wanted);
      return refused ?? { ok: true, state: (await areThere(wanted)) ? 'satisfied' : 'needed' };
    },
    capture: async (spec, context) => captureFiles(memory, await wantedOf(spec, accounts, context), context),
    apply: async (spec, _prior, context) => {
      const wanted = await wantedOf(spec, accounts, context);
      return nobody(spec, wanted) ?? applyFiles(memory, wanted);
    },
    verify: async (spec, _prior, context) => verifyFiles(await wantedOf(spec, accounts, context)),
    revert: (_spec, prior, context) => revertFiles(memory, prior, context),
    canRevert: (_spec, prior, context) => canRevertFiles(prior, context),
  };
}

function refuseOwn({ files }: FilesSpec, ownFolders: readonly string[]): StepFailure | null {
  for (const { path } of files) {
    const own = ownFolders.find((folder) => path === folder || path.startsWith(`${folder}/`));
    const why = own === undefined ? refusedPath(path) : `${own} is Farrier’s own`;
    if (why !== '') return stepFailure('path-refused', `${path} may not be written: ${why}`, path);
  }
  return null;
}

function wantedOf({ files }: FilesSpec, accounts: Accounts, context: StepContext): Promise<readonly WantedFile[]> {
  return Promise.all(files.map((file) => wantedFile(file, accounts, context)));
}

async function wantedFile(file: ManagedFile, accounts: Accounts, { signal }: StepContext): Promise<WantedFile> {
  if (file.state === 'absent') return file;
  const { path, contentBase64, mode, owner, group } = file;
  const [uid, gid] = await Promise.all([accounts.userId(owner, signal), accounts.groupId(group, signal)]);
  return { path, state: 'present', content: Buffer.from(contentBase64, 'base64'), mode, uid, gid };
}

function nobody({ files }: FilesSpec, wanted: readonly WantedFile[]): StepFailure | null {
  for (const [index, file] of wanted.entries()) {
    const named = files[index];
    if (file.state === 'absent' || named?.state !== 'present') continue;
    if (file.uid === null) return stepFailure('account-unknown', `${file.path} is to belong to the user ${named.owner}, whom this host does not know`, named.owner);
    if (file.gid === null) return stepFailure('account-unknown', `${file.path} is to belong to the group ${named.group}, which this host does not know`, named.group);
  }
  return null;
}
