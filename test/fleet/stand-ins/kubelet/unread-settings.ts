/** Flags or a file that the kubelet cannot read: it says so before it has a log. */
export class UnreadSettings extends Error {}
