/** For people who write a plan: each kind of step once with all that it knows, with what stands where nothing is written, or the other choice. */
export const STEPS_EXAMPLE = `
      - packages: { install: { containerd: 1.7.24~ds1-6+deb13u1 }, sources: [ours], conffiles: keep }    # or replace; or remove: [docker.io] and nothing else
      - service: { restart: containerd.service, looks: 31, every: 1s, timeout: 2m }    # or disable; every step knows name and timeout
      - files:
          manage:    # owner and group root, mode "0644"; or base64 for content
            - { path: /etc/crictl.yaml, content: "debug: false\\n", mode: "0644", owner: root, group: root }
            - { path: /etc/containerd/old.toml, absent: true }
          onDrift: refuse    # or overwrite
      - sysctl: { name: kubernetes, settings: { net.ipv4.ip_forward: 1 }, onDrift: refuse }
      - modules: { name: kubernetes, modules: [overlay, br_netfilter], onDrift: refuse }
      - hook: { name: warm-cache, args: [--site, berlin], reversible: true }
      - reboot: { onlyIf: required, units: [kubelet.service] }    # or always
      - kubeletConfig: { set: { maxPods: 150, evictionHard: { memory.available: 200Mi } } }    # looks and every as kubelet
      - kubeadmCerts: { renew: all, whenUnderDays: 90 }    # or [apiserver, etcd-server]
      - containerd:    # edits config.toml; what is not written here stays. looks and every as service
          runtimes:    # type io.containerd.runc.v2 where none stands; options as containerd names them
            - { name: crun, binary: /usr/bin/crun }
            - { name: kata, type: io.containerd.kata.v2, podAnnotations: ["io.katacontainers.*"], options: { ConfigPath: /opt/kata/configuration.toml } }
          removeRuntimes: [runsc]
          defaultRuntime: crun
          systemdCgroup: true    # of all runtimes of runc's kind
          sandboxImage: registry.example.net/pause:3.10
          snapshotter: overlayfs
          registry:    # hosts.toml below config_path; without mirrors a server alone
            configPath: /etc/containerd/certs.d
            hosts:    # or _default; mirrors are asked in this order, server last
              - host: docker.io
                server: https://registry-1.docker.io
                mirrors: [{ url: "https://images.example.net", capabilities: [pull, resolve], ca: /etc/ssl/ours.pem, skipVerify: false, overridePath: false }]
          enableCri: true    # takes it out of disabled_plugins
          cdi: { enabled: true, specDirs: [/etc/cdi] }
          alsoFor: 1.7.24    # another containerd that has to read the result
      - images:    # into: containerd, or k3s, where each archive has a file: NAME.tar too; or fromDocker: [docker.io/library/web:1] and no archives
          archives:    # as \`farrier artifact add\` prints them, with all that they hold
            - sha256: 6b2f9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e
              size: 199229440
              images: { registry.example.net/web:1: "sha256:0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e" }
          pin: true    # kept from the kubelet's garbage collection
      - criProbe:    # runs the image, which has to write what is expected; runtime: containerd, or k3s
          handler: crun    # the default runtime where none stands
          image: registry.example.net/hello:1
          id: "sha256:0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e"
          expect: hello
          annotations: { run.oci.handler: wasm }    # of the pod
          archive: { sha256: 6b2f9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e, size: 20480 }    # where the image is not there
      - kubeletRuntime: { endpoint: unix:///run/containerd/containerd.sock, runtime: containerd }
      - kubelet: { version: 1.34.1, looks: 16, every: 2s }    # restarts and proves it; a kubeletRuntime needs it
      - k3sRuntimes:    # or role: server
          role: agent
          runtimes: [{ name: crun-wasm, type: io.containerd.runc.v2, binary: /usr/local/bin/crun, podAnnotations: [run.oci.handler] }]    # all of Farrier's: what is left out goes
          mirrors: [{ host: docker.io, endpoints: ["https://images.example.net"] }]    # or "*"; other hosts stay
      - etcdUpgrade:    # a member that was set up by hand; sha256 and size as \`farrier artifact add\` prints them
          unit: etcd.service
          version: 3.5.32
          binary: { sha256: 0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e, size: 24117248 }
          crossesMinor: true    # once every member runs the new minor nothing goes back
      - etcdDefragment: { fromFragmentedPercent: 45, fromQuotaPercent: 80 }    # one member at a time; who leads gives that away first
      - etcdDisarm: { keepRevisions: 1000 }    # out of alarm NOSPACE: on every member's node
      - agent: { version: 0.2.0, sources: [fleet], connectWithin: 3m }`;

/** The kinds that procedures compose, and hardly anybody writes. */
export const COMPOSED_STEPS = ['kubeadm', 'k3s'];

/** Each procedure once; a plan takes one. */
export const PROCEDURES_EXAMPLE = `
      packages: { install: { containerd: 1.7.24~ds1-6+deb13u1 }, sources: [ours], conffiles: keep, restart: [containerd.service] }
      kubeadm-upgrade:    # or imagePullPolicy: Never, Always; patches: /etc/kubernetes/patches; packageRevision: "1.1" of 1.35.4-1.1
        version: v1.35.4
        hops: [v1.34.9]
        sources: [kubernetes-1-34, kubernetes-1-35]
        pointsOfNoReturn: [control-plane]
        etcdUpgrade: true
        certificateRenewal: true
        ignorePreflightErrors: [SystemVerification]
        timeouts: { upgradeManifests: 5m, etcdAPICall: 2m, kubernetesAPICall: 1m, controlPlaneComponentHealthCheck: 4m, kubeletHealthCheck: 4m }    # kubeadm's own where none stand
      k3s-upgrade:
        version: v1.34.1+k3s1
        releases:    # one for each minor on the way; sha256 and size as \`farrier artifact add\` prints them
          - version: v1.34.1+k3s1
            amd64:    # and arm64; images only where the hosts pull none
              binary: { sha256: 0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e, size: 71303168 }
              images: { name: k3s-airgap-images-amd64.tar.zst, sha256: 6b2f9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e, size: 199229440 }
        pointsOfNoReturn: [control-plane]
      os-reboot: { onlyIf: required, units: [kubelet.service] }
      agent-upgrade: { version: 0.2.0, sources: [fleet] }
      kubeadm-certs-renew: { renew: all, whenUnderDays: 90 }
      containerd-config:    # settings as containerd; install and sources where they need a package
        install: { crun: 1.21-1 }
        sources: [ours]
        runtimes: [{ name: crun, binary: /usr/bin/crun }]
        probes:    # each as criProbe, without runtime and timeout
          - { handler: crun, image: registry.example.net/hello:1, id: "sha256:0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e", expect: hello }
      containerd-upgrade:    # over a major the configuration is one that both versions read; settings as containerd, probes as criProbe
        install: { containerd: 2.1.9+ds1-5, runc: 1.3.6+ds1-1 }
        sources: [ours]
        settings: { sandboxImage: registry.example.net/pause:3.10 }
        images:    # what the new version asks for, each as images has its archives; pinned
          - sha256: 6b2f9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e
            size: 768000
            images: { registry.example.net/pause:3.10: "sha256:0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e" }
      k3s-runtimes:    # as k3sRuntimes, each node in its own role; and probe, as criProbe
        runtimes: [{ name: crun-wasm, binary: /usr/local/bin/crun, podAnnotations: [run.oci.handler] }]
        mirrors: [{ host: docker.io, endpoints: ["https://images.example.net"] }]
      docker-to-containerd:    # and probe, as criProbe, of the default runtime; Docker stays installed, stopped and disabled
        images: [docker.io/library/web:1]    # whole names of what Docker has
        systemdCgroup: true
        sandboxImage: registry.example.net/pause:3.10
      wasm:    # a runtime of containerd's, proved by a module; probe as criProbe
        install: { crun: 1.21-1, libwasmedge0: 0.14.1+dfsg-2+b2 }
        sources: [ours]
        engine: crun    # with a binary: /usr/bin/crun of its own; or wasmedge, wasmtime, wasmer, wamr: the name of a containerd-shim
        runtime: wasm    # its name
        probe: { image: registry.example.net/hello-wasm:1, id: "sha256:0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e0f3c9a5e7b2d4c61a8e0f19d2b3c4d5e", expect: hello }`;
