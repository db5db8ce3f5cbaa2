/** Her colours: a figure of clay in the page's own green, and no likeness of anybody. */
import { Color } from 'three';

export const SKIN = new Color('#f0bd9c');
export const BLUSH = new Color('#e58a73');
export const LIPS = new Color('#d0705f');
export const LIP_LINE = new Color('#8e3b3b');
export const MOUTH = new Color('#4a1518');
export const THROAT = new Color('#1c0608');
export const TONGUE = new Color('#e07a78');
export const TEETH = new Color('#f6f1e6');
export const GUMS = new Color('#b0524f');
export const EYE_WHITE = new Color('#fbfaf6');
export const IRIS = new Color('#1f8a78');
export const IRIS_LIGHT = new Color('#6fd3b6');
export const IRIS_EDGE = new Color('#0b3d37');
export const PUPIL = new Color('#06120f');
export const LASHES = new Color('#14211f');
export const BROWS = new Color('#12423d');
export const HAIR = new Color('#0f4f49');
export const HAIR_LIGHT = new Color('#2f9184');
export const HAIR_DARK = new Color('#072b28');
export const CLOTH = new Color('#8fb8a8');
export const CLOTH_DARK = new Color('#5f8f80');
