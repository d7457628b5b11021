import type { EtcdLook, EtcdLookMember } from '../../../shared/domain/etcd-look.ts';
import type { CertificateFacts, EtcdFacts, HostFacts, KubernetesFacts } from '../../../shared/domain/host-facts.ts';
import { formatAge, formatMoment } from './format-age.ts';
import { printFacts } from './print-table.ts';

/** What the agent told of the host; its own words, not what the fleet knows of the node. */
export function printHostFacts(facts: HostFacts, sinceUnixMs: number, nowUnixMs: number): readonly string[] {
  const { kernel, cgroupVersion, memoryBytes, freeBytes, runtimes, kubernetes, etcdMember, rebootRequired, otherTools, packages } = facts;
  const lines = printFacts([
    ['since', formatMoment(sinceUnixMs)],
    ['kernel', listed([kernel, cgroupVersion === null ? '' : `cgroup v${cgroupVersion}`, `${gibibytes(memoryBytes)} memory`])],
    ['free', listed(Object.entries(freeBytes).map(([path, bytes]) => `${gibibytes(bytes)} in ${path}`))],
    ['runtime', named({ ...runtimes })],
    ...(kubernetes === null ? [] : kubernetesFacts(kubernetes, nowUnixMs)),
    ...(etcdMember === null ? [] : memberFacts(etcdMember)),
    ['packages', named(packages)],
    ['changed by', otherTools.join(', ')],
    ['reboot', rebootRequired ? 'required' : ''],
  ]);
  return ['the agent says of the host:', ...lines.map((line) => `  ${line}`)];
}

function kubernetesFacts(facts: KubernetesFacts, nowUnixMs: number): readonly (readonly [string, string])[] {
  const { podInfraImageFlagIn, failCgroupV1 } = facts;
  return [
    ['kubernetes', `${facts.kind} ${facts.role} ${facts.nodeName}`],
    ...(facts.kind === 'k3s'
      ? ([['versions', named({ k3s: facts.version })], ['datastore', facts.datastore], ['finds', facts.foundRuntimes.join(', ')]] as const)
      : ([['versions', named({ kubeadm: facts.kubeadm, kubelet: facts.kubelet, kubectl: facts.kubectl, 'kube-apiserver': facts.apiserver })], ['etcd', etcd(facts.etcd)]] as const)),
    ['cri socket', facts.criSocket],
    ['flags', podInfraImageFlagIn.length === 0 ? '' : `--pod-infra-container-image in ${podInfraImageFlagIn.join(', ')}`],
    ['failCgroupV1', failCgroupV1 === null ? '' : String(failCgroupV1)],
    ['certificates', soonest(facts.certificates, nowUnixMs)],
  ];
}

/** The member here, as its agent sees it, then each one that it lists. */
function memberFacts({ runsAs, trouble, version, clusterVersion, isLeader, memberId, members, alarms, dbBytes, dbInUseBytes }: EtcdLook): readonly (readonly [string, string])[] {
  const own = members.find(({ id }) => id === memberId);
  const role = isLeader ? 'leader' : own?.isLearner === true ? 'learner' : own === undefined ? '' : 'follower';
  const named = ({ id, name }: EtcdLookMember): string => name || id;
  const raised = alarms.map((alarm) => `alarm ${alarm.alarm} of ${named(members.find(({ id }) => id === alarm.memberId) ?? { ...NOBODY, id: alarm.memberId })}`);
  return [
    ['member', listed([`of etcd ${version ?? ''}`.trim(), clusterVersion === null ? '' : `in a cluster of ${clusterVersion}`, `run by ${runsAs}`, role, trouble, ...raised])],
    ['members', members.map((member) => named(member) + (member.isLearner ? ' (learner)' : '') + (member.answers ? '' : ' (does not answer)')).join(', ')],
    ['database', version === null ? '' : `${mebibytes(dbBytes)}, ${mebibytes(dbInUseBytes)} of it in use`],
  ];
}

const NOBODY = { name: '', isLearner: false, answers: false };

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

function etcd(facts: EtcdFacts): string {
  return facts.kind === 'stacked' ? listed([`stacked ${facts.version ?? ''}`.trim(), ...facts.experimentalFlags]) : facts.kind;
}

function soonest(certificates: readonly CertificateFacts[], nowUnixMs: number): string {
  const [first] = certificates.toSorted((a, b) => a.notAfterUnixMs - b.notAfterUnixMs);
  if (first === undefined) return '';
  const left = first.notAfterUnixMs - nowUnixMs;
  return `${certificates.length}, the first to expire: ${first.path}, ${left > 0 ? `in ${formatAge(left)}` : 'expired'}`;
}

function named(versions: Readonly<Record<string, string | null>>): string {
  return listed(Object.entries(versions).map(([name, version]) => (version === null ? '' : `${name} ${version}`)));
}

function listed(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
