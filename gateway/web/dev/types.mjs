/**
 * Makes src/protocol/generated.ts from the protocol's checked-in JSON Schema: `npm run types`.
 * test/generated.test.ts fails when the file is not what comes out here.
 */
import { compile } from 'json-schema-to-typescript';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const SCHEMA = new URL('../../protocol/schema/janet-protocol.schema.json', import.meta.url);
/** The checked-in file. */
export const FILE = new URL('../src/protocol/generated.ts', import.meta.url);

const HEADER = `/**
 * What goes over the WebSocket, as types. Made from gateway/protocol/schema/janet-protocol.schema.json by
 * \`npm run types\`; do not edit.
 */
`;

/** The file's text. */
export async function generate() {
  const schema = JSON.parse(await readFile(SCHEMA, 'utf8'));
  delete schema.description;
  const text = await compile(named(schema), 'Frame', {
    additionalProperties: false,
    bannerComment: HEADER,
    style: { singleQuote: true, printWidth: 120 },
  });
  // One sentence needs one line.
  return text.replaceAll(/\/\*\*\n *\* (.*)\n *\*\//g, '/** $1 */');
}

/** A reference with a description of its own would be written out in place, without its name. */
function named(value) {
  if (Array.isArray(value)) return value.map(named);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, named(field)]));
  if (typeof fields.$ref !== 'string' || Object.keys(fields).length === 1) return fields;
  const { $ref, ...rest } = fields;
  return { ...rest, allOf: [{ $ref }] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(FILE, await generate());
