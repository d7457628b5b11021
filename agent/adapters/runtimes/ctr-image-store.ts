import type { DockerImage, ImageStore, StoreCall, StoredImage } from '../../ports/image-store.ts';
import type { PipePrograms, ProgramResult, RunProgram } from '../../ports/programs.ts';

const NAMESPACE = 'k8s.io';
const PIN = 'io.cri-containerd.pinned';
const MANAGED = 'io.cri-containerd.image=managed';
const TEXT_MAX = 400;

/** @param ctr with what containerd's own client is called: `ctr`, or `k3s ctr`, which finds K3s' */
export function ctrImageStore(runProgram: RunProgram, pipe: PipePrograms, ctr: readonly [string, ...string[]]): ImageStore {
  const run: RunProgram = (argv, options) => orAbsent(argv[0], () => runProgram(argv, options));
  const images = (...args: readonly string[]): readonly [string, ...string[]] => [...ctr, '--namespace', NAMESPACE, 'images', ...args];
  const change = async (args: readonly string[], call: StoreCall): Promise<string> => said(await run(images(...args), call));
  // Layers are unpacked when a container needs them, by whoever knows which snapshotter is the runtime's: ctr does not.
  const importing = (from: string): readonly string[] => ['import', '--no-unpack', from];
  return {
    list: async (call) => {
      const listed = await run(images('list'), { signal: call.signal });
      return listed.code === 0 ? listed.stdout.split('\n').flatMap(readLine) : said(listed);
    },
    document: async (digest, { signal }) => {
      const { code, stdout } = await run([...ctr, '--namespace', NAMESPACE, 'content', 'get', digest], { signal });
      return code === 0 ? parsed(stdout) : null;
    },
    importArchive: (path, call) => change(importing(path), call),
    importFromDocker: async (name, call) => {
      const { from, to } = await pipe(['docker', 'image', 'save', name], images(...importing('-')), call);
      // Where the reader ends first, that is why the writer cannot go on.
      return said(to) || said(from);
    },
    point: (name, existing, call) => change(['tag', '--force', existing, name], call),
    pin: (name, pinned, call) => change(['label', name, `${PIN}=${pinned ? 'pinned' : ''}`], call),
    remove: async (names, call) => (names.length === 0 ? '' : change(['remove', '--sync', ...names], call)),
    dockerImage: (name, call) => dockerImage(run, name, call),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `REF TYPE DIGEST SIZE PLATFORMS LABELS`, in columns. */
function readLine(line: string): readonly StoredImage[] {
  const [, name, target] = /^(\S+) +\S+ +(sha256:[0-9a-f]{64}) /.exec(line) ?? [];
  if (name === undefined || target === undefined) return [];
  const labels = line.slice(line.indexOf(target)).split(/[ ,]+/);
  return [{ name, target, pinned: labels.includes(`${PIN}=pinned`), managed: labels.includes(MANAGED) }];
}

/** A program that is not there is one that failed: what it belongs to may come with a later step. */
async function orAbsent(program: string, run: () => Promise<ProgramResult>): Promise<ProgramResult> {
  try {
    return await run();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { code: 127, stdout: '', stderr: `this host has no program ${program}` };
  }
}

async function dockerImage(run: RunProgram, name: string, { signal }: StoreCall): Promise<DockerImage | null | string> {
  const shown = await run(['docker', 'image', 'inspect', '--format', '{{.Id}} {{.Size}}', name], { signal });
  if (shown.code !== 0 && /no such image/i.test(shown.stderr)) return null;
  const [, id, size] = /^(sha256:[0-9a-f]{64}) (\d+)$/.exec(shown.stdout.trim()) ?? [];
  return id === undefined ? said(shown) || `Docker says of ${name} ${JSON.stringify(shown.stdout.trim())}` : { id, sizeBytes: Number(size) };
}

/** The program's last word, which is where it says why. */
function said({ code, stdout, stderr }: ProgramResult): string {
  if (code === 0) return '';
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  return (lines.at(-1) ?? `it ends with ${code}`).slice(0, TEXT_MAX);
}
