/** What axe finds wrong with the page as it stands: WCAG 2.0 to 2.2, levels A and AA. */
import axe from 'axe-core';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** One line per finding: the rule, and where. */
export async function findings(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }), RULES);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} at ${node.target.join(' ')}: ${node.any[0]?.message ?? node.all[0]?.message ?? ''}`));
}

/** Looks at the page in one state, which has a picture of this name. */
export async function isAccessible(janet, report, name) {
  await janet.shot(`a11y-${name}`);
  const found = await findings(janet.page);
  report.ok(found.length === 0, `axe finds nothing: ${name}`, found.join(' | '));
}
