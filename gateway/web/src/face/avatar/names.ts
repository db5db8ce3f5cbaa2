/**
 * What a shape or a bone of somebody's avatar is, by its name. Exporters put things before it
 * (`Head_blendShape.jawOpen`), write it in other cases (`JAW_OPEN`), and shorten sides (`eyeBlink_L`). Pure.
 */
import { MAPPING } from './mapping.js';

export type VocabularyName = 'ovr' | 'arkit' | 'vrm';

export interface Known {
  readonly vocabulary: VocabularyName;
  /** As the tables spell it. */
  readonly name: string;
}

/** Only the end of a name tells anything; a file may have one of megabytes. */
const LONGEST = 128;

/** A name's words without what joins them, in lower case; a side at its end is written out. */
export function words(name: string): string[] {
  const found = name
    .slice(-LONGEST)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
  // Some number what they have twice.
  while (found.length > 1 && /^\d+$/.test(found.at(-1) ?? '')) found.pop();
  const side = { l: 'left', r: 'right' }[found.at(-1) ?? ''];
  if (side !== undefined) found[found.length - 1] = side;
  return found;
}

/** The longest end of a name that is known, whatever stands before it. */
function byEnd<T>(name: string, known: ReadonlyMap<string, T>): T | undefined {
  const all = words(name);
  for (let from = 0; from < all.length; from += 1) {
    const found = known.get(all.slice(from).join(''));
    if (found !== undefined) return found;
  }
  return undefined;
}

const ENDS: ReadonlyMap<string, Known> = new Map([
  ...MAPPING.arkit.names.map((name): [string, Known] => [words(name).join(''), { vocabulary: 'arkit', name }]),
  ...MAPPING.ovr.names.flatMap((name): Array<[string, Known]> => {
    const known: Known = { vocabulary: 'ovr', name };
    // As Oculus and Ready Player Me, and as VRChat call it.
    return [`viseme${name}`, words(MAPPING.ovr_morph_names[name] ?? '').join(''), `vrcv${name}`].map((spelled) => [spelled.toLowerCase(), known]);
  }),
]);

/** Short words that could end anything: only as the whole name. */
const WHOLE: ReadonlyMap<string, Known> = new Map(
  MAPPING.vrm.names.map((name): [string, Known] => [words(name).join(''), { vocabulary: 'vrm', name }]),
);

/** Names outside of the vocabularies that avatars of one maker have. */
const OTHERS: ReadonlyMap<string, readonly Known[]> = new Map([
  ['mouthsmile', ['mouthSmileLeft', 'mouthSmileRight']],
  ['eyesclosed', ['eyeBlinkLeft', 'eyeBlinkRight']],
  ['eyeslookup', ['eyeLookUpLeft', 'eyeLookUpRight']],
  ['eyeslookdown', ['eyeLookDownLeft', 'eyeLookDownRight']],
  ['mouthopen', ['jawOpen']],
].map(([spelled, names]) => [spelled as string, (names as string[]).map((name): Known => ({ vocabulary: 'arkit', name }))]));

/** What a morph target may be; one may stand for two. */
export function knownShapes(name: string): readonly Known[] {
  const one = byEnd(name, ENDS) ?? WHOLE.get(words(name).join(''));
  return one === undefined ? (byEnd(name, OTHERS) ?? []) : [one];
}

/** By VRM's names. */
export type BoneName = 'head' | 'neck' | 'chest' | 'jaw' | 'leftEye' | 'rightEye' | 'leftUpperArm' | 'rightUpperArm' | 'leftLowerArm' | 'rightLowerArm';

const BONES: ReadonlyMap<string, BoneName> = new Map<string, BoneName>([
  ['head', 'head'],
  ['neck', 'neck'],
  ['neck1', 'neck'],
  ['necktwist01', 'neck'],
  ['chest', 'chest'],
  ['upperchest', 'chest'],
  ['spine2', 'chest'],
  ['spine02', 'chest'],
  ['jaw', 'jaw'],
  ['jawroot', 'jaw'],
  ['jawmaster', 'jaw'],
  ...(['left', 'right'] as const).flatMap((side): Array<[string, BoneName]> => {
    const letter = side.charAt(0);
    const spelled = (end: BoneName, ...names: string[]): Array<[string, BoneName]> =>
      names.flatMap((name): Array<[string, BoneName]> => [[`${side}${name}`, end], [`${name}${side}`, end], [`${letter}${name}`, end]]);
    return [
      ...spelled(`${side}Eye`, 'eye', 'faceeye', 'eyeball'),
      ...spelled(`${side}UpperArm`, 'upperarm', 'arm'),
      ...spelled(`${side}LowerArm`, 'lowerarm', 'forearm'),
    ];
  }),
]);

/** Which bone it is, if it is one that she moves. */
export function knownBone(name: string): BoneName | undefined {
  return byEnd(name, BONES);
}
