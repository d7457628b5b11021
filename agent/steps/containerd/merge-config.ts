import { isDeepStrictEqual } from 'node:util';

import { compareReleases, formatRelease, type Release } from '../../../shared/domain/release.ts';
import type { ContainerdSettings } from '../../../shared/domain/steps/containerd-spec.ts';
import { removeElement, removeToml } from '../../toml/remove-toml.ts';
import { setToml } from '../../toml/set-toml.ts';
import { isTable, parseToml, type TomlFile, type TomlTree } from '../../toml/toml-file.ts';
import { type ConfigRefusal, refuse } from './config-refusal.ts';
import { type ConfigVersion, configVersionOf, versionOfNew } from './config-version.ts';
import { type DropIn, refuseDropIn } from './drop-ins.ts';
import { raiseVersion } from './raise-version.ts';
import { refuseFile, refuseResult } from './refuse-config.ts';
import { type RuntimeEntry, runtimesOf } from './runtime-table.ts';
import { CRI_PLUGINS, placesIn } from './setting-places.ts';
import { runcForMoving, wantedSettings, type WantedSetting } from './wanted-settings.ts';

export interface MergeInput {
  /** Of config.toml; null: there is none. */
  readonly text: string | null;
  /** What it imports, in that order. */
  readonly dropIns: readonly DropIn[];
  readonly settings: ContainerdSettings;
  /** Every containerd that has to read the result: the installed one first. */
  readonly releases: readonly [Release, ...Release[]];
}

/** One key that is another than it was. Undefined: nothing stands there. */
export interface ConfigChange {
  readonly path: readonly string[];
  readonly was: unknown;
  readonly now: unknown;
}

export type Merged = { readonly ok: true; readonly text: string | null; readonly changes: readonly ConfigChange[]; readonly wanted: readonly WantedSetting[]; /** That containerd has then, each as every file has it that names it. */ readonly runtimes: readonly RuntimeEntry[] } | ConfigRefusal;

const BYTE_ORDER_MARK = '\uFEFF';
const CDI_SINCE = { major: 1, minor: 7, patch: 0 };

/**
 * The file with the plan's settings in it, and all else byte for byte as it was: comments, order, tables that nobody here
 * knows. Merging the result again gives the same bytes.
 */
export function mergeConfig({ text, dropIns, settings, releases }: MergeInput): Merged {
  const marked = text?.startsWith(BYTE_ORDER_MARK) === true;
  const parsed = parseToml((text ?? '').slice(marked ? 1 : 0));
  if (!parsed.ok) return refuse('config-broken', `it is no TOML near line ${parsed.line}: ${parsed.why}`);
  const before = parsed.file;
  const said = isBare(before) ? versionOfNew(releases) : configVersionOf(before.tree);
  if (said === null) return refuse('config-broken', `its version is ${JSON.stringify(before.tree['version'])}, which there is not`);
  const refused = refuseFile(before.tree, said, releases) ?? refuseCdi(settings, releases);
  if (refused !== null) return refused;
  const keepsRunc = releases.every(isNew);
  const edited = editFile(before, said, settings, releases);
  if (!edited.ok) return edited;
  const { file, version, wanted } = edited;
  const wrong = refuseResult(file.tree, placesIn(version), settings, keepsRunc) ?? dropIns.map((dropIn) => refuseDropIn(dropIn, version, wanted, keepsRunc)).find((one) => one !== null);
  if (wrong !== undefined && wrong !== null) return wrong;
  // containerd 2 does not read a file that begins with the mark.
  const keepsMark = marked && !releases.some(isNew);
  const same = file.text === before.text && keepsMark === marked;
  return { ok: true, text: same ? text : (keepsMark ? BYTE_ORDER_MARK : '') + file.text, changes: changesOf(before.tree, file.tree), wanted, runtimes: [file.tree, ...dropIns.flatMap(treeOf)].flatMap((tree) => runtimesOf(tree, placesIn(version), keepsRunc)) };
}

type Edited = { readonly ok: true; readonly file: TomlFile; readonly version: ConfigVersion; readonly wanted: readonly WantedSetting[] } | ConfigRefusal;

function editFile(before: TomlFile, said: ConfigVersion, settings: ContainerdSettings, releases: readonly Release[]): Edited {
  const keepsRunc = releases.every(isNew);
  const started = inItsVersion(before, said, wantedSettings(settings, before.tree, placesIn(said), keepsRunc).length > 0, releases.some(isNew));
  if (!started.ok) return started;
  const { version } = started;
  const places = placesIn(version);
  let file = started.file;
  const edit = (change: (file: TomlFile) => TomlFile | null, path: readonly string[]): ConfigRefusal | null => {
    const edited = change(file);
    file = edited ?? file;
    return edited === null ? refuse('not-editable', `${path.join('.')} cannot be brought to what the plan says without changing something else in it; do that by hand`) : null;
  };
  const off = ['disabled_plugins'];
  const taken = [
    ...settings.removeRuntimes.map((name) => [...places.runtimes, name]).map((path) => edit((now) => removeToml(now, path), path)),
    ...(settings.enableCri ? CRI_PLUGINS : []).map((name) => edit((now) => removeElement(now, off, name), off)),
  ];
  // What has to be set depends on what is still there.
  const asked = wantedSettings(settings, file.tree, places, keepsRunc);
  const wanted = version <= 2 && releases.some(isNew) ? [...asked, ...runcForMoving(file.tree, places, asked)] : asked;
  const put = wanted.map(({ path, value }) => edit((now) => setToml(now, path, value), path));
  return [...taken, ...put].find((one) => one !== null) ?? { ok: true, file, version, wanted };
}

/** The file as it stands in the version that it will have: that of its own, but where nobody would read what is set in it. */
function inItsVersion(file: TomlFile, said: ConfigVersion, isSet: boolean, isReadByNew: boolean): { readonly ok: true; readonly file: TomlFile; readonly version: ConfigVersion } | ConfigRefusal {
  if (isBare(file)) {
    const started = isSet ? setToml(file, ['version'], said) : file;
    return started === null ? refuse('not-editable', 'it cannot be begun') : { ok: true, file: started, version: said };
  }
  if (said > 1 || !isReadByNew || !(isSet || isTable(file.tree['plugins']))) return { ok: true, file, version: said };
  const raised = raiseVersion(file);
  return raised.ok ? { ...raised, version: 2 } : raised;
}

function refuseCdi({ cdi }: ContainerdSettings, releases: readonly Release[]): ConfigRefusal | null {
  const old = cdi === null ? undefined : releases.find((release) => compareReleases(release, CDI_SINCE) < 0);
  return old === undefined ? null : refuse('cdi-unsupported', `containerd ${formatRelease(old)} knows no CDI, which came with 1.7; take cdi out of the plan`);
}

function treeOf({ text }: DropIn): readonly TomlTree[] {
  const parsed = parseToml(text);
  return parsed.ok ? [parsed.file.tree] : [];
}

function isNew({ major }: Release): boolean {
  return major >= 2;
}

/** Says nothing: it may be of any version. */
function isBare({ headers, entries }: TomlFile): boolean {
  return headers.length + entries.length === 0;
}

/** Key by key. */
export function changesOf(was: unknown, now: unknown, path: readonly string[] = []): readonly ConfigChange[] {
  if (isDeepStrictEqual(was, now)) return [];
  if (!isTable(was) && !isTable(now)) return [{ path, was, now }];
  const [before, after] = [isTable(was) ? was : {}, isTable(now) ? now : {}];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => changesOf(before[key], after[key], [...path, key]));
}
