// What may stand in a step. Names end up in argument lists and paths, so nothing can look like an option,
// a pattern or a second path segment. The plan parser and the decoder of sequences hold to the same rules.

/** Debian policy 5.6.1, without an architecture qualifier; and what names of rpm have beyond it. */
export const PACKAGE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9+._-]{1,127}$/;

/** Debian policy 5.6.12 and rpm-version(7): exact, with epoch and revision or release as the package system writes them. */
export const PACKAGE_VERSION_PATTERN = /^(?:\d{1,9}:)?\d[A-Za-z0-9.+~:_^-]{0,127}$/;

/** A service unit, or an instance of a template; a template alone cannot run. */
export const UNIT_NAME_PATTERN = /^(?=.{1,128}$)[A-Za-z0-9_][A-Za-z0-9:_.\\-]*(?:@[A-Za-z0-9:_.\\-]+)?\.service$/;

/** As `k3s --version` prints it, and as its releases are called. */
export const K3S_VERSION_PATTERN = /^v1\.\d{1,3}\.\d{1,3}(?:-rc\.?\d{1,3})?\+k3s\d{1,3}$/;

/** As `etcd --version` prints it, and as a member says it. */
export const ETCD_VERSION_PATTERN = /^3\.\d{1,3}\.\d{1,3}(?:-(?:alpha|beta|rc)\.\d{1,3})?$/;

/** More of them nobody keeps; fewer is for who knows that nobody watches. */
export const KEEP_REVISIONS_MAX = 10_000_000;

/** An archive that K3s imports; one path segment. */
export const IMAGES_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.(?:tar|tar\.zst|tar\.gz|tgz|tar\.lz4|tar\.bz2)$/;

/** Of a file that hosts fetch. */
export const SHA256_PATTERN = /^[0-9a-f]{64}$/;

/** A container image by its whole name: registry, path, tag. */
export const IMAGE_NAME_PATTERN = /^(?=.{1,255}$)(?=[^/]*[.:]|localhost\/)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?(?:\/[a-z0-9]+(?:(?:[._-]|__|-+)[a-z0-9]+)*)+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** Digest of an image's configuration. */
export const IMAGE_ID_PATTERN = /^sha256:[0-9a-f]{64}$/;
export const IMAGES_MAX = 256;
export const IMAGE_ARCHIVES_MAX = 64;

/** A key of a runtime in containerd's configuration; a RuntimeClass names it as its handler, so it is a DNS label. */
export const RUNTIME_HANDLER_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** A key of an annotation as Kubernetes takes it. */
export const ANNOTATION_KEY_PATTERN = /^(?:(?=.{1,253}\/)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
export const ANNOTATIONS_MAX = 32;
/** What an operator can read in one line. */
export const LINE_PATTERN = /^\P{Cc}{1,1024}$/u;

/** One path segment under /etc/farrier/sources.d. */
export const SOURCE_NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Absolute, printable, without `.`, `..` and empty segments; room for a suffix of ours in each. */
export const FILE_PATH_PATTERN = /^(?=.{2,1024}$)(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9 ._@%+=:,~\\-]{1,200})+$/;

/** A user or a group, as useradd(8) takes them. */
export const ACCOUNT_NAME_PATTERN = /^[a-z_][a-z0-9_-]{0,31}$/;

/** Stands in the name of a file that Farrier owns. */
export const CONFIG_NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** No segment can be `..`, in whichever way dots and slashes are exchanged (sysctl.d(5)). */
export const SYSCTL_KEY_PATTERN = /^(?=.{3,200}$)[a-z0-9_]+(?:\.[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*)+$/;
export const SYSCTL_VALUE_PATTERN = /^(?=.{1,256}$)[!-~](?:[ -~]*[!-~])?$/;

export const MODULE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** One path segment under /etc/farrier/hooks.d. */
export const HOOK_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** What an operator could not read is no argument. */
export const HOOK_ARGUMENT_PATTERN = /^\P{Cc}{1,1024}$/u;

/** Long enough for `restart-` and the longest unit. */
export const STEP_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9 ._@:\\+-]{0,159}$/;

export const STEPS_MAX = 64;
export const PACKAGES_MAX = 256;
export const SOURCES_MAX = 16;
/** Images of a whole distribution have a gigabyte or two. */
export const ARTIFACT_MAX_BYTES = 16 * 1024 ** 3;
export const LOOKS_MAX = 100;
export const REBOOT_UNITS_MAX = 32;
export const LOOK_INTERVAL_MAX_MS = 60_000;
/** An agent needs a second to start and more on a busy host. */
export const CONNECT_WITHIN_MIN_MS = 10_000;
export const STEP_TIMEOUT_MAX_MS = 24 * 3_600_000;

export const FILES_MAX = 64;
export const FILE_CONTENT_MAX_BYTES = 256 * 1024;
export const FILES_CONTENT_MAX_BYTES = 1024 * 1024;
/** No set-user-ID, no set-group-ID, no sticky bit. */
export const FILE_MODE_MAX = 0o777;
export const SYSCTL_SETTINGS_MAX = 128;
export const MODULES_MAX = 64;
export const HOOK_ARGUMENTS_MAX = 32;

/** A kubelet: from 1.24 on, which has no runtime built in; no pre-releases. */
export const KUBELET_VERSION_PATTERN = /^1\.(?:2[4-9]|[3-9]\d|1\d\d)\.\d{1,3}$/;

/** kubeadm reads an UpgradeConfiguration from 1.31 on; no pre-releases. */
export const KUBEADM_VERSION_PATTERN = /^1\.(?:3[1-9]|[4-9]\d|1\d\d)\.\d{1,3}$/;

/** Absolute, and none of its segments goes up or hides. */
export const PATCHES_FOLDER_PATTERN = /^(?=.{2,256}$)(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/;

export const KUBEADM_TIMEOUT_MAX_MS = 3_600_000;

/** A check of kubeadm's, as it names it in `[ERROR NAME]`; `all` would ignore what nobody has seen yet. */
export const PREFLIGHT_CHECK_PATTERN = /^(?!all$)[A-Za-z][A-Za-z0-9-]{0,99}$/i;
export const PREFLIGHT_CHECKS_MAX = 32;

/** `kubeadm certs renew NAME`. */
export const CERTIFICATE_NAME_PATTERN = /^[a-z][a-z0-9.-]{0,63}$/;
export const CERTIFICATES_MAX = 32;
export const UNDER_DAYS_MAX = 3650;

/** A kubelet that crashes does so within its first seconds: the looks at it go on at least that long. */
export const KUBELET_PROOF_MIN_MS = 10_000;

/** A key of KubeletConfiguration, or of a map in it, as `memory.available`. */
export const KUBELET_FIELD_PATTERN = /^[A-Za-z][A-Za-z0-9._/-]{0,127}$/;
export const KUBELET_FIELDS_MAX = 64;
export const KUBELET_FIELD_DEPTH_MAX = 6;
export const KUBELET_FIELD_TEXT_MAX = 1024;
export const KUBELET_FIELD_LIST_MAX = 64;

/** Where a container runtime listens, as kubelets take it. */
export const RUNTIME_ENDPOINT_PATTERN = /^(?=.{8,200}$)unix:\/\/(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/;
/** What a node calls its runtime before the `://` of its version. */
export const RUNTIME_NAME_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;

/** `io.containerd.runc.v2`: containerd makes the name of the shim's program of it. */
export const RUNTIME_TYPE_PATTERN = /^(?=.{3,100}$)[a-z0-9]+(?:\.[a-z0-9-]+)+\.v\d{1,2}$/;
/** Without what TOML or K3s' templates would take for their own. */
export const POD_ANNOTATION_PATTERN = /^[A-Za-z0-9*][A-Za-z0-9._*/-]{0,127}$/;
export const PROGRAM_PATH_PATTERN = /^(?=.{2,256}$)(?:\/[A-Za-z0-9_][A-Za-z0-9._+-]*)+$/;
export const K3S_RUNTIMES_MAX = 32;
export const POD_ANNOTATIONS_MAX = 32;
/** A host of images as registries.yaml names it; `*` is any. */
export const REGISTRY_HOST_PATTERN = /^(?:\*|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?)$/;
export const REGISTRY_URL_PATTERN = /^https?:\/\/[A-Za-z0-9][A-Za-z0-9.-]{0,252}(?::\d{1,5})?(?:\/[A-Za-z0-9._~/-]{0,200})?$/;
export const REGISTRY_HOSTS_MAX = 64;
export const REGISTRY_MIRRORS_MAX = 16;

/** Of a member of etcd; no part of a list of members. */
export const MEMBER_NAME_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/;
/** Where a member of etcd, or an API server, is asked: an address without a path. */
export const HTTPS_URL_PATTERN = /^https:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-f:.]{2,45}\]):\d{1,5}$/;
/** etcd elects among seven at most that are worth it (its FAQ); some clusters have more. */
export const MEMBERS_MAX = 16;
export const PEER_URLS_MAX = 8;
export const API_SERVERS_MAX = 16;
export const RESTORE_TOKEN_PATTERN = /^[a-z0-9][a-z0-9-]{0,126}$/;
/** Of one file key: hosts, and no more. */
export const STANZAS_MAX = 64;
