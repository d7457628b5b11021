import { viewSource } from './source-text.ts';

/** Words that the vocabulary leaves out, with the one to use; and where another's own word is meant. */
interface WordRule {
  readonly word: RegExp;
  readonly say: string;
  /** Text in which it is another's word: it is taken out before looking. */
  readonly except: RegExp | null;
}

const WORD_RULES: readonly WordRule[] = [
  // A limit of systemd's, plugins of containerd's, and what it calls that which runs of a container.
  { word: /^tasks?$/, say: 'assignment or step', except: /\bTasksMax\b|'(?:task|tasks-service)'|'tasks', 'delete'/g },
  // systemd queues "jobs"; Kubernetes has a kind of that name.
  { word: /^jobs?$/, say: 'rollout or assignment', except: /--job-mode|\blist-jobs\b|\bbatch\/v1\b.*|['"`]Jobs?['"`]/g },
  // A Kubernetes kind.
  { word: /^(un|re)?deploy(s|ed|ing|ments?)?$/, say: 'upgrade or rollout', except: /\bDeployments?\b|['"`](apps\/v1|deployments?)['"`]/g },
  // Only as Kubernetes writes the label that old control planes carry, and its group of all rights.
  { word: /^(masters?|slaves?)$/, say: 'control plane, leader or node', except: /node-role\.kubernetes\.io\/master|system:masters/g },
  // Parts of Kubernetes and of the NATS client.
  { word: /^managers?$/, say: 'the name of what it does', except: /kube-controller-manager|controller-manager|\bjetstreamManager\b/g },
  { word: /^surges?$/, say: 'budget: no machines are made here', except: null },
];

/** Identifiers and messages with a word that means something else, or nothing, here. Comments are read by people alone. */
export function wordProblems(path: string, text: string): readonly string[] {
  const source = path.endsWith('.ts') || path.endsWith('.proto') ? viewSource(text, 'code-and-strings') : text;
  return WORD_RULES.flatMap(({ word, say, except }) => {
    const seen = new Set(wordsOf(except === null ? source : source.replaceAll(except, '')));
    return [...seen].filter((each) => word.test(each)).map((each) => `${path} says "${each}": say ${say}`);
  });
}

/** `taskId`, `TASK_ID` and `task-id` are all made of `task` and `id`. */
function wordsOf(text: string): readonly string[] {
  return text.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2').toLowerCase().match(/[a-z]+/g) ?? [];
}
