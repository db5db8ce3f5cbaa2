/** The morph targets of a loaded avatar, by what they are. */
import type { Mesh, Object3D } from 'three';
import { MAPPING } from './mapping.js';
import { knownShapes, type VocabularyName } from './names.js';
import { Face, type Find, type Shape } from './shapes.js';

/** So many visemes of Oculus make a mouth; fewer are something else of that name. */
const OVR_AT_LEAST = 5;
const VRM_MOUTH = ['aa', 'ih', 'ou', 'ee', 'oh'];
const VRM_AT_LEAST = 3;

export class Morphs {
  private readonly found: Readonly<Record<VocabularyName, Map<string, Shape[]>>> = { ovr: new Map(), arkit: new Map(), vrm: new Map() };

  constructor(root: Object3D) {
    root.traverse((object) => {
      const { morphTargetDictionary, morphTargetInfluences } = object as Partial<Mesh>;
      if (morphTargetDictionary === undefined || morphTargetInfluences === undefined) return;
      for (const [name, at] of Object.entries(morphTargetDictionary)) {
        const known = knownShapes(name);
        if (known.length === 0) continue;
        // One shape for all that it stands for: two tables that name it add up.
        const shape: Shape = (value) => (morphTargetInfluences[at] = value);
        for (const { vocabulary, name: spelled } of known) {
          const of = this.found[vocabulary];
          of.set(spelled, [...(of.get(spelled) ?? []), shape]);
        }
      }
    });
  }

  /** Null where nothing of them is a mouth. `eyes`: whether they turn by shapes. */
  face(eyes: boolean): Face | null {
    const { ovr, arkit, vrm } = this.found;
    const vrmMouth = VRM_MOUTH.filter((name) => vrm.has(name)).length >= VRM_AT_LEAST;
    const rest: 'arkit' | 'vrm' = arkit.size === 0 && vrm.size > 0 ? 'vrm' : 'arkit';
    const mouth: VocabularyName | null = ovr.size >= OVR_AT_LEAST ? 'ovr' : arkit.has('jawOpen') ? 'arkit' : vrmMouth ? 'vrm' : null;
    if (mouth === null) return null;
    return new Face({ mouth: [this.find(mouth), MAPPING[mouth].visemes], rest: [this.find(rest), MAPPING[rest]], eyes });
  }

  /** A face without a mouth: what else it has. */
  faceWithoutMouth(eyes: boolean): Face {
    const rest = this.found.arkit.size === 0 ? 'vrm' : 'arkit';
    return new Face({ mouth: [() => [], {}], rest: [this.find(rest), MAPPING[rest]], eyes });
  }

  private find(vocabulary: VocabularyName): Find {
    return (name) => this.found[vocabulary].get(name) ?? [];
  }
}
