/** Test lines for people and programs (TAP), and the arguments all scripts share. */

export class Report {
  #count = 0;
  #failed = 0;

  ok(passed, name, detail = '') {
    this.#count += 1;
    if (!passed) this.#failed += 1;
    const tail = detail === '' ? '' : ` # ${detail}`;
    console.log(`${passed ? 'ok' : 'not ok'} ${this.#count} - ${name}${tail}`);
    return passed;
  }

  note(text) {
    console.log(`# ${text}`);
  }

  /** Prints the plan and gives the exit status. */
  end() {
    console.log(`1..${this.#count}`);
    if (this.#failed > 0) console.log(`# ${this.#failed} of ${this.#count} failed`);
    return this.#failed > 0 || this.#count === 0 ? 1 : 0;
  }
}

/** `--name value` pairs; `required` ones end the script with its usage when they are missing. */
export function readArguments(usage, required) {
  const found = {};
  const list = process.argv.slice(2);
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i];
    if (!name.startsWith('--') || list[i + 1] === undefined) fail(`cannot read "${name}"`, usage);
    found[name.slice(2)] = list[i + 1];
  }
  for (const name of required) if (found[name] === undefined) fail(`--${name} is missing`, usage);
  return found;
}

function fail(what, usage) {
  console.error(`${what}\nusage: ${usage}`);
  process.exit(2);
}
