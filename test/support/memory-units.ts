import type { UnitLook, Units } from '../../agent/ports/units.ts';

export interface MemoryUnit {
  readonly enabled?: boolean;
  readonly active?: boolean;
  /** Starts this one. */
  readonly triggers?: readonly string[];
  readonly needers?: readonly string[];
}

/** systemd in memory: units that are started, stopped, enabled and disabled, and what was asked of them. */
export class MemoryUnits implements Units {
  readonly asked: string[] = [];
  /** What systemd says instead of doing it, by `verb unit`. */
  readonly says = new Map<string, string>();
  readonly #units = new Map<string, { look: UnitLook; readonly triggers: readonly string[]; readonly needers: readonly string[] }>();
  #nowMs = 1000;

  constructor(units: Readonly<Record<string, MemoryUnit>>) {
    for (const [name, unit] of Object.entries(units)) this.add(name, unit);
  }

  add(name: string, { enabled = false, active = false, triggers = [], needers = [] }: MemoryUnit): void {
    this.#units.set(name, { look: lookOf(active, enabled, this.#nowMs), triggers, needers });
  }

  remove(name: string): void {
    this.#units.delete(name);
  }

  /** `enabled active` and the like, by unit. */
  get states(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#units].map(([name, { look }]) => [name, `${look.unitFileState} ${look.activeState}`]));
  }

  readonly look = async (unit: string): Promise<UnitLook | null> => this.#units.get(unit)?.look ?? null;
  readonly restart = (unit: string): Promise<string> => this.#turn('restart', unit, { active: true });
  readonly start = (unit: string): Promise<string> => this.#turn('start', unit, { active: true });
  readonly begin = (unit: string): Promise<string> => this.#turn('begin', unit, { active: true });
  readonly stop = (unit: string): Promise<string> => this.#turn('stop', unit, { active: false });
  readonly enable = (unit: string): Promise<string> => this.#turn('enable', unit, { enabled: true });
  readonly disable = (unit: string): Promise<string> => this.#turn('disable', unit, { enabled: false });
  readonly starters = async (unit: string) => this.#units.get(unit) ?? { triggers: [], needers: [] };
  readonly lastLines = async (unit: string): Promise<string> => `last lines of ${unit}`;

  async #turn(verb: string, unit: string, to: { readonly active?: boolean; readonly enabled?: boolean }): Promise<string> {
    this.asked.push(`${verb} ${unit}`);
    const said = this.says.get(`${verb} ${unit}`) ?? '';
    const known = this.#units.get(unit);
    if (said !== '' || known === undefined) return said === '' ? `Unit ${unit} not found.` : said;
    const isActive = known.look.activeState === 'active';
    // As systemd does: what it would start at once is started, what listens for one that runs is refused.
    if (to.active === true && !isActive && unit.endsWith('.socket') && [...this.#units.values()].some((other) => other.triggers.includes(unit) && other.look.activeState === 'active')) return 'Socket service already active, refusing.';
    this.#nowMs += 1;
    const active = to.active ?? isActive;
    known.look = { ...lookOf(active, to.enabled ?? known.look.unitFileState === 'enabled', this.#nowMs), ...(active && isActive && verb !== 'restart' ? { startedMs: known.look.startedMs, mainPid: known.look.mainPid } : {}) };
    return '';
  }
}

function lookOf(active: boolean, enabled: boolean, nowMs: number): UnitLook {
  return { activeState: active ? 'active' : 'inactive', subState: active ? 'running' : 'dead', mainPid: active ? nowMs : 0, startedMs: active ? nowMs : 0, unitFileState: enabled ? 'enabled' : 'disabled', restarts: 0 };
}
