/** The program of an etcd image: the etcd that there is, under the flags that a manifest of any kubeadm from 1.33 has. */
export function etcdWrapper(etcd: string): string {
  return `#!/bin/sh
# kubeadm writes for etcd 3.6 from 1.34 on; Debian's is 3.5, where two flags have their former names.
for word in "$@"; do
  shift
  case "$word" in
    --feature-gates=InitialCorruptCheck=true) word=--experimental-initial-corrupt-check=true ;;
    --watch-progress-notify-interval=*) word="--experimental-watch-progress-notify-interval=\${word#*=}" ;;
  esac
  set -- "$@" "$word"
done
exec ${etcd} "$@"
`;
}
