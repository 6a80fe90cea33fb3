/**
 * Checks the subjects of commits: Conventional Commits, at most 72 characters, no full stop.
 *
 *   node scripts/check-commits.cjs [base]
 *
 * Checks the commits after `base`. Older commits stay as they are.
 */
const { spawnSync } = require('node:child_process');

/** The newest commit that is older than the rule. */
const BASE = '149cf444d64dd031f27e9b7037d060e9617e6239';
/** Checked where the base is not there: in a shallow clone, or after a rewrite of the history. */
const NEWEST = 50;
const LONGEST = 72;
const TYPES = ['build', 'chore', 'ci', 'docs', 'feat', 'fix', 'perf', 'refactor', 'revert', 'style', 'test'];

const SHAPE = /^(?<type>[A-Za-z]+)(?:\([a-z0-9][a-z0-9./-]*\))?!?: (?<description>\S.*)$/;

/** @param {string} subject @returns {string[]} what is wrong, empty if nothing is */
function problemsOf(subject) {
  const problems = [];
  const { type, description } = SHAPE.exec(subject)?.groups ?? {};
  if (type === undefined) problems.push('must be "type(scope): description" or "type: description"');
  else if (!TYPES.includes(type)) problems.push(`type ${type} must be one of ${TYPES.join(', ')}`);
  const { length } = [...subject];
  if (length > LONGEST) problems.push(`has ${length} characters, must have at most ${LONGEST}`);
  if (description?.endsWith('.')) problems.push('must not end with a full stop');
  return problems;
}

/** @param {string[]} args @returns {string | undefined} the output, or undefined if git failed or is not installed */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return status === 0 ? stdout : undefined;
}

/** @param {string} base @returns {number} the exit code */
function main(base) {
  // Where these files were exported into another project, the history is that project's.
  const isClone = git('rev-parse', '--show-prefix')?.trim() === '' && git('rev-parse', '--verify', '--quiet', 'HEAD');
  if (!isClone) {
    console.log(
      'LEFT OUT: commit subjects were not checked, because this folder is not the root of a clone with commits',
    );
    return 0;
  }
  const hasBase = git('merge-base', '--is-ancestor', base, 'HEAD') !== undefined;
  const range = hasBase ? [`${base}..HEAD`] : [`--max-count=${NEWEST}`, 'HEAD'];
  // Git words the subjects of merges.
  const commits = (git('log', '--no-merges', '--format=%h %s', ...range) ?? '').split('\n').filter(Boolean);
  if (!hasBase) {
    console.log(
      `LEFT OUT: commit ${base} is not in the history of this clone; checked the newest ${commits.length} only`,
    );
  }
  let wrong = 0;
  for (const line of commits) {
    const subject = line.slice(line.indexOf(' ') + 1);
    const problems = problemsOf(subject);
    if (problems.length > 0) console.error(`${line}\n  the subject ${problems.join('; ')}`);
    wrong += Number(problems.length > 0);
  }
  console.log(`${commits.length} commit subjects checked, ${wrong} wrong`);
  return wrong > 0 ? 1 : 0;
}

module.exports = { problemsOf };
if (require.main === module) process.exitCode = main(process.argv[2] ?? BASE);
