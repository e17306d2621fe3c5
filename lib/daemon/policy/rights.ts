// The rights of one caller: the rules that match it.
import { PuntError } from "../../errors.js";
import type { PuntRequest } from "../../punt/index.js";
import type { Caller } from "../identity.js";
import { callerText } from "../identity.js";
import { isUndecided, matchesAny, objectionTo, type Resources } from "./judge.js";
import type { Rule } from "./schema.js";

/** The rights of a caller under the policy of this moment. */
export class Rights {
  readonly caller: Caller;
  readonly rules: readonly Rule[];
  /**
   * The prefix of the labels of the caller's CNFs in the manager: without a policy, each user has its own space of labels.
   * "" where there is a policy, and for operators.
   */
  readonly space: string;

  constructor(caller: Caller, rules: readonly Rule[], space = "") {
    this.caller = caller;
    this.rules = rules;
    this.space = space;
  }

  /** A text that is the same for callers with the same rights. */
  get key(): string {
    return JSON.stringify([this.space, this.rules]);
  }

  get isOperator(): boolean {
    return this.rules.some(({ operator }) => operator);
  }

  get isReadOnly(): boolean {
    return this.rules.every(({ readOnly }) => readOnly);
  }

  /** Whether the caller may see the punts of a CNF; `cnf` is the manager's label. */
  sees(cnf: string): boolean {
    return this.rules.some(({ operator, cnfs }) => operator || matchesAny(cnfs, cnf));
  }

  /** Whether the caller may learn that VPP has an interface of that name. */
  showsInterface(name: string): boolean {
    return (
      this.isOperator || this.rules.some(({ interfaces }) => interfaces === undefined || matchesAny(interfaces, name))
    );
  }

  /** Whether the caller may change the punts of a CNF. */
  changes(cnf: string): boolean {
    return this.#ruleOfChange(cnf) !== undefined;
  }

  /** Whether the CNF may have a model of StoneWork's. */
  hasModel(cnf: string, model: string): boolean {
    return this.rules.some(({ readOnly, cnfs, models }) => {
      const isFree = models === undefined || matchesAny(models, model);
      return !readOnly && matchesAny(cnfs, cnf) && isFree;
    });
  }

  #ruleOfChange(cnf: string): Rule | undefined {
    return this.rules.find(({ operator, readOnly, cnfs }) => !readOnly && (operator || matchesAny(cnfs, cnf)));
  }

  /** Whether a rule needs the names that a request has in VPP. */
  get needsResources(): boolean {
    return this.#judges(({ interfaces, vrfs }) => interfaces !== undefined || vrfs !== undefined);
  }

  /** Whether a rule limits the number of punts. */
  get needsCount(): boolean {
    return this.#judges(({ count }) => count !== undefined);
  }

  /** An operator's request passes whatever the other rules say. */
  #judges(hasCheck: (rule: Rule) => boolean): boolean {
    return !this.rules.some(({ operator, readOnly }) => operator && !readOnly) && this.rules.some(hasCheck);
  }

  /**
   * Returns the rule that allows the request.
   *
   * @throws PuntError ERR_POLICY: no rule of the caller allows it; `details.objections` names rule and field; ERR_UNRESOLVED: a rule may
   * allow it, but VPP is away, or lacks an interface that the rule allows
   */
  requireRequest(request: PuntRequest, resources: Resources, op: string): Rule {
    const objections = [];
    let isOpen = false;
    for (const rule of this.rules) {
      const objection = objectionTo(request, rule, resources);
      if (objection !== undefined) objections.push(objection);
      else if (isUndecided(rule, resources)) isOpen = true;
      else return rule;
    }
    throw isOpen ? unresolved(op, resources) : this.#refusal(op, objections);
  }

  /** Returns the rule that allows to change punts of the CNF. @throws PuntError ERR_POLICY */
  requireChange(cnf: string, op: string): Rule {
    const found = this.#ruleOfChange(cnf);
    if (found) return found;
    const objections = this.rules.map(({ name, readOnly, cnfs }) => {
      return readOnly
        ? { rule: name, field: "readOnly", message: "it allows to look only" }
        : { rule: name, field: "cnfs", message: `CNF ${cnf} is not among ${cnfs.join(", ") || "none"}` };
    });
    throw this.#refusal(op, objections);
  }

  /** Whether the caller, as an operator, may look at the punts of another host. */
  reaches(host: string): boolean {
    return this.rules.some((rule) => isForHost(rule, host));
  }

  /**
   * Returns the rule of an operator that allows to look at another host's punts, or to change them.
   *
   * @throws PuntError ERR_POLICY
   */
  requireHost(host: string, isChange: boolean, op: string): Rule {
    const found = this.rules.find((rule) => isForHost(rule, host) && !(isChange && rule.readOnly));
    if (found) return found;
    const objections = this.rules.map(({ name, operator, hosts, readOnly }) => {
      const what = host === "" ? "the list of hosts" : `host ${host}`;
      if (!operator) return { rule: name, field: "operator", message: `${what} is for operators` };
      if (readOnly && isForHost({ operator, hosts }, host))
        return { rule: name, field: "readOnly", message: "it allows to look only" };
      return { rule: name, field: "hosts", message: `host ${host} is not among ${hosts?.join(", ")}` };
    });
    throw this.#refusal(op, objections);
  }

  /** Returns the rule that allows to trace packets in VPP, here or on another host. @throws PuntError ERR_POLICY */
  requireTrace(host: string | undefined, op: string): Rule {
    if (host !== undefined) return this.requireHost(host, true, op);
    const found = this.rules.find(({ operator, readOnly }) => operator && !readOnly);
    if (found) return found;
    const objections = this.rules.map(({ name, operator }) => {
      return operator
        ? { rule: name, field: "readOnly", message: "it allows to look only, and a trace changes VPP" }
        : { rule: name, field: "operator", message: "VPP's trace has the packets of all CNFs, so it is for operators" };
    });
    throw this.#refusal(op, objections);
  }

  #refusal(op: string, objections: readonly { rule: string; field: string; message: string }[]): PuntError {
    const who = callerText(this.caller);
    const why = objections.map(({ rule, field, message }) => `rule "${rule}" (${field}): ${message}`).join("; ");
    const message = `the policy does not allow it to ${who}: ${why || "no rule matches the caller"}`;
    return new PuntError(op, "ERR_POLICY", message, { caller: who, objections });
  }
}

function unresolved(op: string, { interfaces, isVppThere }: Resources): PuntError {
  const { written } = interfaces.find(({ name, isDependency }) => name === undefined && !isDependency)!;
  const why = isVppThere ? `VPP has no interface ${written}` : "VPP is away";
  const message = `${why}: whether the policy allows the punt cannot be said until it is there`;
  return new PuntError(op, "ERR_UNRESOLVED", message, { interface: written });
}

function isForHost({ operator, hosts }: Pick<Rule, "operator" | "hosts">, host: string): boolean {
  return operator && (hosts === undefined || matchesAny(hosts, host));
}
