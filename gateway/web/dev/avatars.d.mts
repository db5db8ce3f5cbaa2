/** Types of avatars.mjs. */
export interface AvatarOptions {
  targets?: readonly string[];
  split?: boolean;
  vrm?: '0' | '1' | null;
  jaw?: boolean;
  bones?: boolean;
  names?: (bone: string) => string;
  scale?: number;
}
// Whatever a test wants to spoil in it.
export type Json = any;
export const OVR: readonly string[];
export const ARKIT: readonly string[];
export const AVATARS: Record<'ovr' | 'arkit' | 'vrm1' | 'vrm0' | 'jaw' | 'mute', () => ArrayBuffer>;
export function mixamo(bone: string): string;
export function avatar(options?: AvatarOptions): ArrayBuffer;
export function parts(options?: AvatarOptions): { json: Json; bin: Uint8Array };
export function container(json: Json, bin: Uint8Array): ArrayBuffer;
