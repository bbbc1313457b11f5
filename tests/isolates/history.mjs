// What was sent and answered, and what that says about the instants between. All times are milliseconds of the clock that the Workers
// have too. A black box does not show when a change is committed, so at an instant a state has one value, or one of several.

/** A state that is changed by one client, one change after the other. */
export class State {
  constructor(value, from = -Infinity) {
    this.changes = [{ from, until: from, value }];
  }

  /** Sends a change. It is committed at some instant until its answer, and no later than `committed` of what `send` returns. */
  async change(value, send) {
    const change = { from: Date.now(), until: Infinity, value };
    this.changes.push(change);
    const { committed } = await send();
    change.until = Math.min(Date.now() + 1, committed ?? Infinity);
    if (change.until < change.from) throw new Error(`a change was in force ${change.from - change.until} ms before it was sent`);
  }

  /** Returns the spans of time at whose instants the value may be one of these. */
  spans(is) {
    const { changes } = this;
    return changes.flatMap(({ from, value }, at) => (is(value) ? [[from, changes[at + 1]?.until ?? Infinity]] : []));
  }
}

const isTrue = (value) => value;

/** Returns the instants that are in both lists of spans. */
function meet(some, others) {
  return some.flatMap(([from, until]) =>
    others.map(([start, end]) => [Math.max(from, start), Math.min(until, end)]).filter(([start, end]) => start <= end),
  );
}

/** Returns whether at one instant of a span all states may be true, and the roles as `has` wants them. */
export function mayBeValid({ states, roles }, span, has) {
  const spans = states.reduce((spans, state) => meet(spans, state.spans(isTrue)), [span]);
  return meet(spans, has ? roles.spans(has) : [span]).length > 0;
}

/** Returns whether at one instant of a span a state may be false. */
export function mayBeInvalid({ states }, span) {
  return states.some((state) => meet([span], state.spans((value) => !value)).length > 0);
}
