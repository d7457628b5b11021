/** What may be otherwise on a host that reverted, and is not looked at: this, and nothing else. At most 10. */
export const REVERTED_EXCEPTIONS: readonly { readonly path: string; readonly because: string }[] = [
  { path: '/etc/stand-in', because: 'holds what the proofs tell the stand-ins to do wrong; no host of a fleet has it' },
  { path: '/var/lib/kubelet/pods', because: 'the kubelet keeps there what its containers left, and comes to more with each that it starts anew' },
  { path: '/var/lib/kubelet/actuated_pods_state', because: 'the kubelet notes there which pods run, by the ids that they got when they started' },
  { path: '/var/lib/kubelet/allocated_pods_state', because: 'the kubelet notes there what it gave to those pods' },
];
