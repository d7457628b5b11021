import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../fleet/host.ts';

/** Prints what an assignment that is over may not leave. */
export const LEFT_OVER = `
systemctl list-units --all --plain --no-legend 'farrier-assignment-*'
find /var/lib/farrier-agent/watchdog /var/lib/farrier-agent/assignments -name reserve -o -path '*/watchdog/*' 2>/dev/null
systemctl is-failed --quiet farrier-agent.service && echo 'the agent failed'
`;

/** Everything on a host that an upgrade of the sample may change, as the host's own programs say it; equal text is equal state. */
const LOOK = `
exec 2>&1
echo '== packages'; dpkg-query --show --showformat='\${binary:Package} \${Version} \${Status}\\n'
echo '== automatically installed'; apt-mark showauto
echo '== dpkg --audit'; dpkg --audit
echo '== files that are not as their packages brought them'; dpkg --verify sample; dpkg --verify sample-data; if [ -e /var/lib/dpkg/info/sample-extra.list ]; then dpkg --verify sample-extra; fi
echo '== configuration'; for file in /etc/sample/*; do stat --format='%n %a %U:%G' "$file"; cat "$file"; done
echo '== written by postinst'; cat /var/lib/sample/configured-*
echo '== the service'; cat /usr/lib/sample/version; systemctl is-active sample.service; systemctl is-enabled sample.service
pid=$(systemctl show --property=MainPID --value sample.service); tr '\\0' ' ' < /proc/$pid/cmdline; echo
systemctl show --property=Description,NeedDaemonReload sample.service
echo '== left over'
${LEFT_OVER}
exit 0
`;

export async function readTruth(host: Host): Promise<string> {
  return await host.mustExec(['sh', '-c', LOOK]);
}

/** Waits until the host is as told, as a unit may be on its way out or the agent on its way up. @returns what differs, [] where nothing does. */
export async function differences(host: Host, wanted: string, waitMs: number): Promise<readonly string[]> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const found = compare(wanted, await readTruth(host));
    if (found.length === 0 || performance.now() > deadline) return found;
    await sleep(300);
  }
}

/** Lines in one and not in the other, each with the heading that it stands under. */
export function compare(wanted: string, found: string): readonly string[] {
  const [want, have] = [headed(wanted), headed(found)];
  return [...want.filter((line) => !have.includes(line)).map((line) => `missing: ${line}`), ...have.filter((line) => !want.includes(line)).map((line) => `too much: ${line}`)];
}

function headed(text: string): readonly string[] {
  let heading = '';
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('== ')) heading = line.slice(3);
    return line === '' ? [] : [`${heading}: ${line}`];
  });
}
