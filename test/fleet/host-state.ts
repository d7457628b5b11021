import type { Host } from './host.ts';
import { REVERTED_EXCEPTIONS } from './reverted-exceptions.ts';

/** All that the steps may change on a host. */
const FOLDERS = '/etc /var/lib/kubelet /usr/local/bin /var/lib/rancher/k3s/agent/images /var/lib/rancher/k3s/agent/farrier-images';
const LEFT_OUT = REVERTED_EXCEPTIONS.map(({ path }) => `-path ${path} -prune -o`).join(' ');
const FIND = `find ${FOLDERS} ${LEFT_OUT}`;

const LOOK = `
echo '== folders, files and links'; ${FIND} \\( -type f -o -type d -o -type l \\) -printf '%p %y %m %U:%G %l\\n' 2>/dev/null | sort
echo '== content'; ${FIND} -type f -print0 2>/dev/null | xargs -0 sha256sum | sort -k2
echo '== selections'; dpkg --get-selections
echo '== packages'; dpkg-query --show --showformat='\${Package} \${Version} \${db:Status-Abbrev}\\n'
echo '== dpkg --audit'; dpkg --audit
echo '== holds'; apt-mark showhold
echo '== automatically installed'; apt-mark showauto
exit 0
`;

/**
 * What a host that was put back has to have as it was: content, mode and owner of what the steps may change, packages,
 * selections, holds and marks. Equal text is equal state, but for REVERTED_EXCEPTIONS.
 */
export async function hostState(host: Host): Promise<string> {
  return await host.mustExec(['sh', '-c', LOOK]);
}
