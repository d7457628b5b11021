import type { Docker, DockerContainer } from '../../ports/docker.ts';
import type { RunProgram } from '../../ports/programs.ts';

const SHOWN = '{{.Name}}\t{{.HostConfig.RestartPolicy.Name}}\t{{index .Config.Labels "io.kubernetes.pod.uid"}}';

/** As the docker command shows it, which its socket's owner may ask. */
export function dockerCli(run: RunProgram): Docker {
  return {
    look: async (signal) => {
      const ask = async (...args: readonly string[]): Promise<string | null> => {
        const said = await run(['docker', ...args], { signal }).catch(() => null);
        signal.throwIfAborted();
        return said?.code === 0 ? said.stdout.trim() : null;
      };
      const liveRestore = await ask('info', '--format', '{{.LiveRestoreEnabled}}');
      const ids = await ask('ps', '--quiet', '--no-trunc');
      if (liveRestore === null || ids === null) return null;
      const shown = ids === '' ? '' : await ask('container', 'inspect', '--format', SHOWN, ...ids.split('\n'));
      // One that ended between the two calls: nobody can say what runs.
      if (shown === null) throw new Error('docker does not show the containers that it named as running');
      return { liveRestore: liveRestore === 'true', running: shown === '' ? [] : shown.split('\n').map(readContainer) };
    },
  };
}

function readContainer(line: string): DockerContainer {
  const [name = '', policy = '', pod = ''] = line.split('\t');
  return { name: name.replace(/^\//, ''), isKubernetes: pod !== '', restarts: policy === 'always' || policy === 'unless-stopped' };
}
