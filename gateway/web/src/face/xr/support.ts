/** Whether there is a headset to visit her by. Asked again when one is plugged in or taken away. */
import type { XrMode } from './words.js';

export type XrSupport = Readonly<Record<XrMode, boolean>>;

export const NO_XR: XrSupport = { vr: false, ar: false };

/** Tells what there is, at once and after every change. */
export function watchXr(onSupport: (support: XrSupport) => void): void {
  const { xr } = navigator as Partial<Navigator>;
  if (xr === undefined) return;
  const look = async (): Promise<void> => {
    const [vr, ar] = await Promise.all([supports(xr, 'immersive-vr'), supports(xr, 'immersive-ar')]);
    onSupport({ vr, ar });
  };
  xr.addEventListener('devicechange', () => void look());
  void look();
}

async function supports(xr: XRSystem, mode: XRSessionMode): Promise<boolean> {
  try {
    return await xr.isSessionSupported(mode);
  } catch {
    // The page's permissions, or the browser's, keep it out.
    return false;
  }
}
